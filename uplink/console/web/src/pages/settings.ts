import { h, put } from "../dom";
import type { Role } from "../types";
import type { Page, View } from "../view";
import { account } from "./account";
import { audit } from "./audit";
import { enrolment } from "./enrolment";
import { exports } from "./exports";
import { policies } from "./policies";
import { suppressions } from "./suppressions";
import { tokens } from "./tokens";
import { users } from "./users";

// Part is one of the settings: it fills root, and what it may not do it does not offer.
export type Part = (v: View, root: HTMLElement) => Promise<void> | void;

const parts: [path: string, name: string, least: Role, part: Part][] = [
	["account", "My account", "viewer", account],
	["tokens", "API tokens", "viewer", tokens],
	["policies", "Policies", "viewer", policies],
	["suppressions", "Suppressions", "viewer", suppressions],
	["users", "Users", "admin", users],
	["enrolment", "Enrolment", "admin", enrolment],
	["exports", "Exports", "admin", exports],
	["audit", "Audit log", "admin", audit],
];

async function show(v: View): Promise<void> {
	const mine = parts.filter(([, , least]) => v.may(least));
	const wanted = v.parameter || "account";
	const found = mine.find(([path]) => path === wanted);
	const root = h("div", { class: "part" });
	put(v.root, h("h1", null, "Settings"), h("nav", { class: "tabs", "aria-label": "Settings" }, mine.map(([path, name]) =>
		h("a", { href: `/settings/${path}`, "aria-current": path === wanted ? "page" : null }, name))), root);
	if (!found) {
		put(root, h("p", { class: "empty" }, "There is no such setting, or it needs another role."));
		return;
	}
	document.title = `${found[1]} · Vigil`;
	await found[3](v, root);
}

export const settingsPage: Page = { title: "Settings", show };
