import { h, type Child } from "../dom";
import { at, clipped, host, many } from "../text";
import type { Alert, Finding, Program } from "../types";

const named = (p: Program): string => p.file?.path || p.name || "a program";

function who(p: Program): Child {
	const user = p.user?.name || (p.user?.uid !== undefined ? `user ${p.user.uid}` : "");
	return [h("strong", null, host(p.name || named(p), 200)), ` (pid ${p.pid ?? "unknown"}`, user && [", as ", host(user, 100)], ")"];
}

// story tells in words what happened: who ran what, where, how it came to be, and how often.
export function story(a: Alert): HTMLElement {
	const f: Finding = a.finding ?? {};
	const p = f.actor?.process ?? {};
	const parents = p.ancestry ?? [];
	const tactic = f.finding_info?.attacks?.[0]?.tactic?.name;
	return h("div", { class: "story" },
		h("p", null, "On ", h("strong", null, host(a.host || "an unnamed host", 200)), ", ", who(p), " did what the rule “", host(f.finding_info?.title || a.title, 300), "” looks for",
			tactic && [", a sign of ", h("strong", null, clipped(tactic, 60).toLowerCase())], a.technique && [" (", h("span", { class: "mono" }, host(a.technique, 20)), ")"], "."),
		p.cmd_line && [h("p", null, "It was run as"), h("code", { class: "block" }, host(p.cmd_line))],
		(p.working_directory || p.container) && h("p", null, p.working_directory && ["Its directory was ", h("span", { class: "mono" }, host(p.working_directory, 500)), ". "], p.container && ["It ran in the container ", h("span", { class: "mono" }, host((p.container.uid ?? "").slice(0, 12))), p.container.image?.name && [" of ", host(p.container.image.name, 200)], "."]),
		parents.length > 0 && h("p", null, "It came from ", parents.map((x, i) => [i > 0 && ", which came from ", who(x)]), "."),
		h("p", null, a.count > 1 ? ["It was seen ", h("strong", null, many(a.count, "time")), ", first at ", at(a.first), " and last at ", at(a.last), "."] : ["It was seen once, at ", at(a.first), "."]));
}
