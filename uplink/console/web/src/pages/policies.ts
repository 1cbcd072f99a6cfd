import { h, put } from "../dom";
import { ask, type Values } from "../parts/form";
import { Table } from "../parts/table";
import { at, host } from "../text";
import type { Policy } from "../types";
import type { View } from "../view";

const written = (body: unknown): string => JSON.stringify(body, null, 2);

function parsed(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch (e) {
		throw new Error(`It is no JSON: ${(e as Error).message}`);
	}
}

export async function policies(v: View, root: HTMLElement): Promise<void> {
	const versions = h("div");
	const table = new Table<Policy>({
		label: "Policies", key: (p) => p.name, empty: "None.",
		columns: [
			{ name: "Name", cell: (p) => h("strong", null, p.name) },
			{ name: "Version", cell: (p) => `v${p.version}` },
			{ name: "Note", class: "wide", cell: (p) => host(p.note, 300) },
			{ name: "By", cell: (p) => host(p.author || "Vigil", 64) },
			{ name: "Made", class: "time", cell: (p) => at(p.created) },
			{ name: "", class: "right", cell: (p) => h("span", { class: "buttons" },
				h("button", { type: "button", "data-key": `all ${p.name}`, click: () => v.done(() => all(p.name)) }, "Versions"),
				v.may("approver") && h("button", { type: "button", "data-key": `edit ${p.name}`, click: () => edit(p) }, "Edit …")) },
		],
	});
	const save = async (name: string, after: number, f: Values) => {
		await v.api.send("PUT", `/v1/policies/${encodeURIComponent(name)}`, { after, note: f.note, body: parsed(f.body!) });
		v.context.say("Sensors that follow it are told");
		put(versions);
		await load();
	};
	const shape = "An object of rules (name and text, Sigma), settings and protections (name and true or false).";
	const body = (value: unknown) => ({ name: "body", label: "What it says, as JSON", kind: "lines" as const, rows: 12, needed: true, value: written(value), hint: shape });
	const edit = (p: Policy, from: unknown = p.body, note = "") => ask(`Version ${p.version + 1} of ${p.name}`, null, [body(from), { name: "note", label: "Note", max: 1000, value: note }], "Save", (f) => save(p.name, p.version, f));
	const add = () => ask("Make a policy", null, [{ name: "name", label: "Name", needed: true, max: 64, hint: "Small letters, digits and -." }, body({}), { name: "note", label: "Note", max: 1000 }], "Make", (f) => save(f.name!, 0, f));
	const all = async (name: string) => {
		const { versions: some } = await v.get<{ versions: Policy[] }>(`/v1/policies/${encodeURIComponent(name)}`);
		put(versions, h("section", { class: "card" }, h("h2", null, `Versions of ${name}`), some.map((p, i) => h("details", { class: "event" },
			h("summary", null, h("strong", null, `v${p.version}`), at(p.created), host(p.author || "Vigil", 64), h("span", { class: "what" }, host(p.note, 300)),
				i > 0 && v.may("approver") && h("button", { type: "button", click: (e: Event) => { e.preventDefault(); edit(some[0]!, p.body, `as v${p.version}`); } }, "Take again …")),
			h("pre", { class: "block" }, host(written(p.body)))))));
	};
	const load = async () => table.show((await v.get<{ policies: Policy[] }>("/v1/policies")).policies);
	await load();
	put(root, h("div", { class: "actions" }, v.may("approver") && h("button", { type: "button", class: "primary", click: add }, "Make a policy …")), h("section", { class: "card flush" }, table.root), versions);
	v.on(["policy"], load);
}
