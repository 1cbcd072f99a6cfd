import { h, put } from "../dom";
import { ask } from "../parts/form";
import { Table } from "../parts/table";
import { at, host, since } from "../text";
import type { User } from "../types";
import type { View } from "../view";

export const roles: [string, string][] = [["viewer", "viewer: sees"], ["operator", "operator: works on alerts"], ["approver", "approver: decides what sensors do"], ["admin", "admin: all"]];

export async function users(v: View, root: HTMLElement): Promise<void> {
	const patch = async (u: User, what: unknown) => {
		await v.api.send("PATCH", `/v1/users/${u.id}`, what);
		v.context.say(`${u.name} is changed`);
		await load();
	};
	const table = new Table<User>({
		label: "Users", key: (u) => u.id, empty: "None.",
		columns: [
			{ name: "Name", class: "wide", cell: (u) => h("strong", null, host(u.name, 64)) },
			{ name: "Role", cell: (u) => u.role },
			{ name: "State", cell: (u) => (u.disabled ? h("span", { class: "warn" }, "Disabled ", since(u.disabled)) : "Active") },
			{ name: "Added", class: "time", cell: (u) => at(u.created) },
			{ name: "Logged in", cell: (u) => since(u.seen) },
			{ name: "", class: "right", cell: (u) => h("span", { class: "buttons" },
				h("button", { type: "button", "data-key": `role ${u.id}`, click: () => ask(`Role of ${u.name}`, null, [{ name: "role", label: "Role", kind: "choice", value: u.role, choices: roles }], "Change", (f) => patch(u, { role: f.role })) }, "Role …"),
				h("button", { type: "button", "data-key": `password ${u.id}`, click: () => ask(`Password of ${u.name}`, "The user's sessions end.", [{ name: "password", label: "New password", kind: "password", needed: true, min: 12, max: 256, complete: "new-password" }], "Change", (f) => patch(u, { password: f.password })) }, "Password …"),
				h("button", { type: "button", "data-key": `disable ${u.id}`, disabled: u.id === v.context.user.id, click: () => v.done(() => patch(u, { disabled: !u.disabled })) }, u.disabled ? "Enable" : "Disable")) },
		],
	});
	const add = () => ask("Add a user", null, [
		{ name: "name", label: "Name", needed: true, max: 64 },
		{ name: "role", label: "Role", kind: "choice", value: "viewer", choices: roles },
		{ name: "password", label: "First password", kind: "password", needed: true, min: 12, max: 256, hint: "At least 12 characters.", complete: "new-password" },
	], "Add", async (f) => {
		await v.api.send("POST", "/v1/users", f);
		await load();
	});
	const load = async () => table.show((await v.get<{ users: User[] }>("/v1/users")).users);
	await load();
	put(root, h("div", { class: "actions" }, h("button", { type: "button", class: "primary", click: add }, "Add a user …")), h("section", { class: "card flush" }, table.root));
}
