import { h, put } from "../dom";
import { form } from "../parts/form";
import { at } from "../text";
import type { View } from "../view";
import { facts } from "../words";

export function account(v: View, root: HTMLElement): void {
	const { user } = v.context;
	put(root, h("div", { class: "two even" },
		h("section", { class: "card" }, h("h2", null, "Who I am"), facts(["User", user.name], ["Role", user.role], ["Since", at(user.created)])),
		h("section", { class: "card" }, h("h2", null, "Password"), form([
			{ name: "old", label: "Password until now", kind: "password", needed: true, complete: "current-password" },
			{ name: "new", label: "New password", kind: "password", needed: true, min: 12, max: 256, complete: "new-password", hint: "At least 12 characters. All your sessions end, this one too." },
			{ name: "again", label: "New password again", kind: "password", needed: true, complete: "new-password" },
		], "Change", async (f) => {
			if (f.new !== f.again) throw new Error("The new passwords are not the same");
			await v.api.send("POST", "/v1/me/password", { old: f.old, new: f.new });
			location.assign("/login");
		}))));
}
