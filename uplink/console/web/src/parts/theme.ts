import { h } from "../dom";
import { icon } from "./icon";

type Theme = "system" | "light" | "dark";
const themes: Theme[] = ["system", "light", "dark"];

function chosen(): Theme {
	const t = localStorage.getItem("theme") as Theme;
	return themes.includes(t) ? t : "system";
}

function apply(): void {
	const t = chosen();
	if (t === "system") delete document.documentElement.dataset.theme;
	else document.documentElement.dataset.theme = t;
}

// choice is a group of three, of which one is on.
function choice(): HTMLElement {
	const words: Record<Theme, [string, "screen" | "sun" | "moon"]> = { system: ["As the system", "screen"], light: ["Light", "sun"], dark: ["Dark", "moon"] };
	const group = h("div", { class: "themes", role: "group", "aria-label": "Colours" });
	for (const t of themes) {
		const [word, picture] = words[t];
		const b = h("button", { type: "button", class: "quiet", title: word, "aria-label": word, "data-theme-choice": t, click: () => { localStorage.setItem("theme", t); apply(); mark(); } }, icon(picture));
		group.append(b);
	}
	const mark = () => group.querySelectorAll("button").forEach((b) => b.setAttribute("aria-pressed", String(b.dataset.themeChoice === chosen())));
	mark();
	return group;
}

export const theme = { apply, choice };
