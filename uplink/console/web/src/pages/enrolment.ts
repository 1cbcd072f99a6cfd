import { h, put } from "../dom";
import { ask, tell } from "../parts/form";
import { Table } from "../parts/table";
import { at, host, since } from "../text";
import type { Enrolment } from "../types";
import type { View } from "../view";

function state(e: Enrolment): HTMLElement {
	if (e.used) return h("span", null, "Used ", since(e.used), e.sensor && [" by ", h("a", { href: `/sensors/${e.sensor}` }, "its sensor")]);
	return Date.parse(e.expires) < Date.now() ? h("span", { class: "muted" }, "Over") : h("span", null, "Waits, ends ", since(e.expires));
}

export async function enrolment(v: View, root: HTMLElement): Promise<void> {
	const table = new Table<Enrolment>({
		label: "Enrolment tokens", key: (e) => e.id, empty: "No tokens. A host becomes a sensor with one.",
		columns: [
			{ name: "Note", class: "wide", cell: (e) => (e.note ? host(e.note, 200) : h("span", { class: "muted" }, "none")) },
			{ name: "State", cell: state },
			{ name: "Made", class: "time", cell: (e) => at(e.created) },
			{ name: "By", cell: (e) => host(e.author, 64) },
			{ name: "", class: "right", cell: (e) => !e.used && h("button", { type: "button", "data-key": e.id, click: () => v.done(async () => { await v.api.send("DELETE", `/v1/enrolments/${e.id}`); await load(); }) }, "Take back") },
		],
	});
	const add = () => ask("Make an enrolment token", "One host enrols with it, once.", [
		{ name: "note", label: "Note", max: 200, hint: "Such as the host that it is for." },
		{ name: "hours", label: "Hours that it lasts", kind: "number", value: "24", needed: true, min: 1, max: 720 },
	], "Make", async (f) => {
		const e = await v.api.send<{ token: string }>("POST", "/v1/enrolments", { note: f.note, hours: Number(f.hours) });
		await load();
		tell("The enrolment token", ["It is shown this once. On the host: ", h("code", null, "vigil enroll URL TOKEN")], e.token);
	});
	const load = async () => table.show((await v.get<{ enrolments: Enrolment[] }>("/v1/enrolments")).enrolments);
	await load();
	put(root, h("div", { class: "actions" }, h("button", { type: "button", class: "primary", click: add }, "Make a token …")), h("section", { class: "card flush" }, table.root));
	v.on(["sensor"], load);
}
