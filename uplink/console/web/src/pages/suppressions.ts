import { h, put } from "../dom";
import { Table } from "../parts/table";
import { at, host, since } from "../text";
import type { Suppression } from "../types";
import type { View } from "../view";

export async function suppressions(v: View, root: HTMLElement): Promise<void> {
	const any = (text: string, most: number) => (text ? host(text, most) : h("span", { class: "muted" }, "any"));
	const table = new Table<Suppression>({
		label: "Suppressions", key: (s) => s.id, empty: "None. Alerts are suppressed from the page of one of them.",
		columns: [
			{ name: "Rule", cell: (s) => h("span", { class: "mono" }, host(s.rule, 100)) },
			{ name: "Sensor", cell: (s) => (s.sensor ? h("a", { href: `/sensors/${s.sensor}` }, s.sensor.slice(0, 8)) : any("", 0)) },
			{ name: "Program", cell: (s) => any(s.process, 100) },
			{ name: "Reason", class: "wide", cell: (s) => host(s.reason, 300) },
			{ name: "By", cell: (s) => host(s.author, 64) },
			{ name: "Made", class: "time", cell: (s) => at(s.created) },
			{ name: "Ends", cell: (s) => (s.expires ? since(s.expires) : "never") },
			{ name: "", class: "right", cell: (s) => v.may("approver") && h("button", { type: "button", "data-key": s.id, click: () => v.done(async () => { await v.api.send("DELETE", `/v1/suppressions/${s.id}`); await load(); }) }, "End") },
		],
	});
	const load = async () => table.show((await v.get<{ suppressions: Suppression[] }>("/v1/suppressions")).suppressions);
	await load();
	put(root, h("section", { class: "card flush" }, table.root));
	v.on(["suppression"], load);
}
