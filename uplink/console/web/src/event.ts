import { h, type Child } from "./dom";
import { host } from "./text";
import type { OCSF } from "./types";

// field gives what lies at a path of an event, as text; "" when there is nothing.
export function field(e: unknown, path: string): string {
	let v: unknown = e;
	for (const name of path.split(".")) {
		if (typeof v !== "object" || v === null || !Object.hasOwn(v, name)) return "";
		v = (v as OCSF)[name];
	}
	if (v === null || v === undefined) return "";
	return typeof v === "object" ? JSON.stringify(v) : String(v);
}

export const kindOf = (e: OCSF, otherwise = ""): string => otherwise || field(e, "unmapped.kind") || field(e, "activity_name");

export function whoOf(e: OCSF): string {
	return field(e, "actor.process.name") || field(e, "actor.process.file.path");
}

function endpoint(e: OCSF, name: string): string {
	const [ip, port] = [field(e, `${name}.ip`), field(e, `${name}.port`)];
	if (!ip) return field(e, `${name}.name`);
	return port ? `${ip.includes(":") ? `[${ip}]` : ip}:${port}` : ip;
}

// what says in a few words what an event was about: a verb, and the thing.
function what(e: OCSF, kind: string): [verb: string, thing: string] {
	const file = field(e, "file.path") || field(e, "file.name");
	const target = field(e, "process.name") || `pid ${field(e, "process.pid")}`;
	switch (kind) {
		case "exec": return ["ran", field(e, "process.cmd_line") || field(e, "process.file.path")];
		case "process": return ["runs", field(e, "process.cmd_line") || field(e, "process.file.path")];
		case "fork": return ["forked", `pid ${field(e, "process.pid")}`];
		case "exit": return ["ended", `with exit code ${field(e, "exit_code") || "0"}`];
		case "connect": return ["connected to", endpoint(e, "dst_endpoint")];
		case "accept": return ["accepted from", endpoint(e, "src_endpoint")];
		case "bind": case "listen": return [kind === "bind" ? "bound" : "listens at", endpoint(e, "dst_endpoint")];
		case "flow_end": return ["ended its connection to", `${endpoint(e, "dst_endpoint")}, ${field(e, "traffic.bytes") || "0"} bytes`];
		case "datagram": return ["sent to", endpoint(e, "dst_endpoint")];
		case "dns": return [field(e, "unmapped.received") === "true" ? "was told of" : "asked for", `${field(e, "query.hostname")} ${field(e, "query.type")}`];
		case "file_open": return [field(e, "unmapped.created") === "true" ? "made" : "opened", file];
		case "file_read": return ["read", file];
		case "file_write": return ["wrote", file];
		case "file_rename": return ["renamed", `${file} → ${field(e, "file_result.path")}`];
		case "file_unlink": return ["deleted", file];
		case "file_link": case "file_symlink": return ["linked", `${file} → ${field(e, "unmapped.link_target")}`];
		case "file_chmod": return ["changed the mode of", `${file} to ${field(e, "unmapped.new_mode")}`];
		case "module": return ["loaded", field(e, "driver.file.path") || field(e, "unmapped.module_name")];
		case "mmap": return ["mapped", field(e, "module.file.path")];
		case "memfd": return ["made in memory", field(e, "file.name")];
		case "ptrace": case "process_vm": return ["reached into", target];
		case "signal": return [`sent signal ${field(e, "unmapped.signal")} to`, target];
		case "sysctl": return ["set", `${field(e, "kernel.path")} to ${field(e, "unmapped.value")}`];
		case "credentials": return ["changed its user", `${field(e, "unmapped.before.euid")} → ${field(e, "unmapped.after.euid")}`];
		case "lost": case "alert": return ["", field(e, "message")];
	}
	return [field(e, "activity_name").toLowerCase(), field(e, "message") || file || field(e, "kernel.name")];
}

// summary shows an event in a line.
export function summary(e: OCSF, kind: string): Child {
	const [verb, thing] = what(e, kind);
	return [h("span", { class: "verb" }, verb), " ", h("span", { class: "mono" }, host(thing, 600))];
}

// fields shows all that an event says, a line a field.
export function fields(e: OCSF): HTMLElement {
	const lines: [string, string][] = [];
	const walk = (v: unknown, path: string, deep: number) => {
		if (lines.length > 400) return;
		if (typeof v === "object" && v !== null && !Array.isArray(v) && deep < 12) for (const [name, inner] of Object.entries(v)) walk(inner, path ? `${path}.${name}` : name, deep + 1);
		else if (v !== null && v !== undefined && v !== "") lines.push([path, typeof v === "object" ? JSON.stringify(v) : String(v)]);
	};
	walk(e, "", 0);
	return h("dl", { class: "fields" }, lines.map(([name, value]) => [h("dt", null, host(name, 200)), h("dd", null, host(value, 8_000))]));
}
