import { API, Refused } from "./api";
import { h, put } from "./dom";
import { Live } from "./live";
import { find } from "./routes";
import { Shell } from "./parts/shell";
import { login } from "./pages/login";
import { theme } from "./parts/theme";
import type { User } from "./types";
import { View } from "./view";

// App shows the page that the address says, to whom is logged in.
class App {
	private readonly api = new API(() => this.login());
	private readonly live = new Live((stands) => this.shell?.connected(stands));
	private shell: Shell | undefined;
	private session = new AbortController();
	private showing = new AbortController();

	async start(): Promise<void> {
		theme.apply();
		window.addEventListener("popstate", () => void this.show());
		document.addEventListener("click", (e) => this.clicked(e));
		try {
			this.enter((await this.api.me()).user);
		} catch (e) {
			this.login(e instanceof Refused && e.status === 401 ? "" : `The server cannot be asked: ${(e as Error).message}`);
		}
	}

	private enter(user: User): void {
		this.session = new AbortController();
		const go = (path: string, replace = false) => this.go(path, replace);
		const shell = new Shell({ api: this.api, live: this.live, user, go, say: (text, kind) => shell.say(text, kind) }, this.session.signal, () => void this.leave());
		this.shell = shell;
		put(document.body, shell.root);
		this.live.start();
		if (location.pathname === "/login") history.replaceState(null, "", "/");
		void this.show(true);
	}

	private login(problem = ""): void {
		this.showing.abort();
		this.session.abort();
		this.live.stop();
		this.shell = undefined;
		document.title = "Log in · Vigil";
		put(document.body, login(async (name, password) => this.enter((await this.api.login(name, password)).user), problem));
		document.querySelector<HTMLInputElement>("input")?.focus();
	}

	private async leave(): Promise<void> {
		await this.api.send("POST", "/v1/logout").catch(() => undefined); // who is logged out already is so
		history.replaceState(null, "", "/login");
		this.login();
	}

	private go(path: string, replace: boolean): void {
		history[replace ? "replaceState" : "pushState"](null, "", path);
		void this.show();
	}

	private clicked(e: MouseEvent): void {
		const a = e.target instanceof Element ? e.target.closest("a") : null;
		if (!a || !this.shell || e.defaultPrevented || e.button !== 0 || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey) return;
		if (a.hasAttribute("download") || a.target || !a.getAttribute("href")?.startsWith("/")) return;
		e.preventDefault();
		this.go(a.getAttribute("href")!, false);
	}

	private async show(first = false): Promise<void> {
		if (!this.shell) return;
		this.showing.abort();
		const showing = (this.showing = new AbortController());
		const [page, parameter] = find(location.pathname);
		const root = h("div", { class: "page" });
		document.title = `${page.title} · Vigil`;
		this.shell.turn(root, location.pathname);
		try {
			await page.show(new View(this.shell.context, root, parameter, new URLSearchParams(location.search), showing.signal));
		} catch (e) {
			if (showing.signal.aborted) return;
			put(root, h("h1", null, page.title), h("p", { class: "problem", role: "alert" }, (e as Error).message));
		}
		if (!showing.signal.aborted && !first) this.shell.arrived(); // a page that is opened anew is read from its top
	}
}

void new App().start();
