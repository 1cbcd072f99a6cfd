import { h, put } from "../dom";
import { ask, tell } from "../parts/form";
import { Table } from "../parts/table";
import { at, host, since } from "../text";
import type { Token } from "../types";
import type { View } from "../view";
import { may } from "../words";
import { roles } from "./users";

export async function tokens(v: View, root: HTMLElement): Promise<void> {
	const table = new Table<Token>({
		label: "API tokens", key: (t) => t.id, empty: "No tokens. A program uses one to ask the API in your name.",
		columns: [
			{ name: "Name", class: "wide", cell: (t) => h("strong", null, host(t.name, 200)) },
			{ name: "Of", cell: (t) => host(t.user, 64) },
			{ name: "Role", cell: (t) => t.role },
			{ name: "Made", class: "time", cell: (t) => at(t.created) },
			{ name: "Ends", cell: (t) => since(t.expires) },
			{ name: "Used", cell: (t) => since(t.used) },
			{ name: "", class: "right", cell: (t) => h("button", { type: "button", "data-key": t.id, click: () => v.done(async () => { await v.api.send("DELETE", `/v1/tokens/${t.id}`); await load(); }) }, "End") },
		],
	});
	const add = () => ask("Make an API token", null, [
		{ name: "name", label: "Name", needed: true, max: 200, hint: "What it is for." },
		{ name: "role", label: "Role", kind: "choice", value: "viewer", choices: roles.filter(([r]) => may(v.context.user.role, r as Token["role"])) },
		{ name: "days", label: "Days that it lasts", kind: "number", value: "90", needed: true, min: 1, max: 366 },
	], "Make", async (f) => {
		const t = await v.api.send<{ secret: string }>("POST", "/v1/tokens", { name: f.name, role: f.role, days: Number(f.days) });
		await load();
		tell("The token", "It is shown this once. A program sends it as Authorization: Bearer.", t.secret);
	});
	const load = async () => table.show((await v.get<{ tokens: Token[] }>("/v1/tokens")).tokens);
	await load();
	put(root, h("div", { class: "actions" }, h("button", { type: "button", class: "primary", click: add }, "Make a token …")), h("section", { class: "card flush" }, table.root));
}
