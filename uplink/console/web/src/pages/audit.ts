import { h, put } from "../dom";
import { Table } from "../parts/table";
import { at, host } from "../text";
import type { Entry } from "../types";
import type { View } from "../view";

const size = 100;

// readable makes a request's parameters words; other details are so already.
function readable(detail: string): string {
	if (!/^[\w.]+=[^ "]*$/.test(detail)) return detail;
	return [...new URLSearchParams(detail)].map(([name, value]) => `${name} ${value}`).join(", ");
}

export async function audit(v: View, root: HTMLElement): Promise<void> {
	let all: Entry[] = [];
	const foot = h("div", { class: "more-rows" });
	const [actor, action] = ["actor", "action"].map((name) => h("input", { type: "search", name, spellcheck: "false", "data-key": name }));
	const table = new Table<Entry>({
		label: "Audit log", key: (e) => e.id, empty: "Nothing is like this.",
		columns: [
			{ name: "Time", class: "time", cell: (e) => at(e.time) },
			{ name: "Who", cell: (e) => host(e.actor, 64) },
			{ name: "From", cell: (e) => h("span", { class: "mono" }, host(e.address, 60)) },
			{ name: "Did", class: "time", cell: (e) => h("span", { class: "mono" }, host(e.action, 60)) },
			{ name: "To", cell: (e) => host(e.target, 100) },
			{ name: "Detail", class: "wide", cell: (e) => host(readable(e.detail), 400) },
			{ name: "Result", cell: (e) => h("span", { class: { ok: "", begun: "muted" }[e.result] ?? "warn" }, host(e.result, 200)) },
		],
	});
	const load = async (more = false) => {
		const { entries } = await v.get<{ entries: Entry[] }>("/v1/audit", { actor: actor!.value, action: action!.value, before: more ? all.at(-1)?.id : undefined, limit: size });
		all = more ? [...all, ...entries] : entries;
		table.show(all);
		put(foot, entries.length === size && h("button", { type: "button", "data-key": "more", click: () => v.done(() => load(true)) }, "Show more"));
	};
	await load();
	put(root, h("form", { class: "bar", role: "search", submit: (e: Event) => { e.preventDefault(); void v.done(() => load()); } },
		h("label", null, "Who", actor!), h("label", null, "Did", action!), h("button", { type: "submit" }, "Find")), h("section", { class: "card flush" }, table.root, foot));
}
