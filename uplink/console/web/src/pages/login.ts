import { h } from "../dom";
import { form } from "../parts/form";
import { icon } from "../parts/icon";
import { theme } from "../parts/theme";

// login asks who comes.
export function login(enter: (name: string, password: string) => Promise<void>, problem: string): HTMLElement {
	return h("main", { class: "login" },
		h("div", { class: "card" },
			h("h1", { class: "brand" }, icon("eye"), "Vigil"),
			h("p", { class: "muted" }, "Log in to see what happens on your servers."),
			problem && h("p", { class: "problem", role: "alert" }, problem),
			form([
				{ name: "user", label: "User", needed: true, max: 64, complete: "username" },
				{ name: "password", label: "Password", kind: "password", needed: true, max: 256, complete: "current-password" },
			], "Log in", (v) => enter(v.user!, v.password!))),
		theme.choice());
}
