import { h } from "../dom";

const examples: [query: string, meaning: string][] = [
	["curl", "the word curl in what an event is in short: a command line, a path, a message"],
	['"/tmp/"', "a phrase"],
	['"vigil.kind":=exec', "events of a kind: exec, connect, dns, file_write, alert …"],
	['"process.cmd_line":~"base64 +-d"', "a field that a regular expression finds something in"],
	['"dst_endpoint.port":=4444', "a field that is this"],
	['"file.path":="/etc/"*', "a field that begins with this"],
	['"dst_endpoint.ip":ipv4_range("10.0.0.0/8")', "an address within a network"],
	['"vigil.kind":=exec !"actor.process.name":=sshd', "and (a space), not (!); or and parentheses as well"],
	['* | stats by ("vigil.kind") count() n | sort by (n desc)', "after a pipe: count, sort, choose fields"],
	['"vigil.kind":=connect | top 20 by ("dst_endpoint.ip")', "the most frequent values"],
];

const fields: [name: string, meaning: string][] = [
	["vigil.sensor, vigil.kind", "which sensor, which kind"],
	["actor.process.name, .pid, .uid, .cmd_line", "who did it; uid is the exec ID"],
	["actor.process.user.name", "as whom"],
	["process.cmd_line, process.file.path", "what was started"],
	["file.path, file_result.path", "a file, and what it became"],
	["dst_endpoint.ip, .port; src_endpoint.ip", "where a connection goes, and comes from"],
	["query.hostname", "a name that was asked for"],
	["severity_id", "1 Informational to 4 High"],
];

// help explains LogsQL by queries that can be tried.
export function help(use: (query: string) => void): HTMLElement {
	return h("div", { class: "help" },
		h("dl", null, examples.map(([query, meaning]) => [
			h("dt", null, h("button", { type: "button", class: "linkish mono", click: () => use(query) }, query)),
			h("dd", null, meaning)])),
		h("h3", null, "Fields"),
		h("dl", null, fields.map(([name, meaning]) => [h("dt", { class: "mono" }, name), h("dd", null, meaning)])));
}
