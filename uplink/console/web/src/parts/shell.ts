import { h, put } from "../dom";
import { about, count } from "../text";
import type { Overview } from "../types";
import type { Context } from "../view";
import { icon } from "./icon";
import { theme } from "./theme";

const places = [
	["/", "Overview", "overview"],
	["/alerts", "Alerts", "alerts"],
	["/search", "Search", "search"],
	["/sensors", "Sensors", "sensors"],
	["/settings", "Settings", "settings"],
] as const;

// Shell is what stays around the pages: where one can go, and how things stand.
export class Shell {
	readonly root: HTMLElement;
	private readonly main = h("main", { id: "main", tabindex: -1 });
	private readonly open = h("span", { class: "badge", hidden: true });
	private readonly link = h("span", { class: "link", role: "status" });
	private readonly messages = h("div", { class: "messages", "aria-live": "polite" });
	private readonly links: HTMLAnchorElement[];

	constructor(readonly context: Context, until: AbortSignal, leave: () => void) {
		this.links = places.map(([path, name, picture]) => h("a", { href: path }, icon(picture), name, path === "/alerts" && this.open));
		const { user } = context;
		this.root = h("div", { class: "shell" },
			h("a", { class: "skip", href: "#main", click: (e: Event) => { e.preventDefault(); this.main.focus(); } }, "Skip to the page"),
			h("header", { class: "side" },
				h("a", { class: "brand", href: "/" }, icon("eye"), "Vigil"),
				h("nav", { "aria-label": "Pages" }, this.links),
				h("div", { class: "foot" },
					this.link,
					theme.choice(),
					h("div", { class: "who" },
						h("a", { href: "/settings/account", title: "My account" }, h("span", { class: "name" }, user.name), h("span", { class: "muted" }, user.role)),
						h("button", { type: "button", class: "quiet", title: "Log out", "aria-label": "Log out", click: leave }, icon("leave"))))),
			this.main, this.messages);
		this.connected(false);
		context.live.hear((what) => (what === "alert" || what === "lost" || what === "suppression") && void this.countOpen(), until);
		void this.countOpen();
	}

	connected(stands: boolean): void {
		this.link.className = stands ? "link live" : "link";
		this.link.textContent = stands ? "Live" : "Connecting …";
	}

	// turn shows another page.
	turn(page: HTMLElement, path: string): void {
		const place = `/${path.split("/")[1] ?? ""}`;
		for (const a of this.links) {
			if (a.getAttribute("href") === place) a.setAttribute("aria-current", "page");
			else a.removeAttribute("aria-current");
		}
		put(this.main, page);
		window.scrollTo(0, 0);
	}

	// arrived puts the keyboard at the page's heading, so that it is read out.
	arrived(): void {
		const heading = this.main.querySelector<HTMLElement>("h1");
		if (!heading || (document.activeElement !== document.body && this.main.contains(document.activeElement))) return;
		heading.tabIndex = -1;
		heading.focus({ preventScroll: true });
	}

	say(text: string, kind: "good" | "bad" = "good"): void {
		const message = h("div", { class: `message ${kind}`, role: kind === "bad" ? "alert" : "status" }, text);
		this.messages.append(message);
		window.setTimeout(() => message.remove(), kind === "bad" ? 10_000 : 5_000);
	}

	private async countOpen(): Promise<void> {
		const o = await this.context.api.get<Overview>("/v1/overview").catch(() => undefined);
		if (!o) return;
		const n = o.alerts.filter((a) => a.status === "new" || a.status === "in_progress").reduce((sum, a) => sum + a.count, 0);
		this.open.hidden = n === 0;
		this.open.textContent = about(n);
		this.open.title = `${count(n)} open`;
	}
}
