import type { API } from "./api";
import type { Change, Live } from "./live";
import type { Role, User } from "./types";
import { may } from "./words";

// Context is what all pages share while somebody is logged in.
export interface Context {
	api: API;
	live: Live;
	user: User;
	go(path: string, replace?: boolean): void;
	say(text: string, kind?: "good" | "bad"): void;
}

// View is one page while it is shown.
export class View {
	constructor(
		readonly context: Context,
		readonly root: HTMLElement,
		readonly parameter: string,
		readonly query: URLSearchParams,
		readonly signal: AbortSignal,
	) {}

	get api(): API {
		return this.context.api;
	}

	get name(): string {
		return this.context.user.name;
	}

	may(least: Role): boolean {
		return may(this.context.user.role, least);
	}

	get<T>(path: string, query: Record<string, string | number | undefined> = {}): Promise<T> {
		return this.api.get<T>(path, query, this.signal);
	}

	// on calls fn when something of the kinds changes, or when what changed is not known;
	// many changes at once are one.
	on(kinds: Change[], fn: () => unknown): void {
		let waiting = false;
		this.context.live.hear((what) => {
			if (waiting || (what !== "lost" && !kinds.includes(what))) return;
			waiting = true;
			window.setTimeout(() => {
				waiting = false;
				if (!this.signal.aborted) void this.quietly(fn);
			}, 250);
		}, this.signal);
	}

	every(ms: number, fn: () => unknown): void {
		const timer = window.setInterval(() => {
			if (document.visibilityState === "visible") void this.quietly(fn);
		}, ms);
		this.signal.addEventListener("abort", () => window.clearInterval(timer));
	}

	// quietly does what nobody asked for: it fails without a word, and is done again.
	private async quietly(fn: () => unknown): Promise<void> {
		try {
			await fn();
		} catch {
			// The connection's mark tells that the server cannot be reached.
		}
	}

	// done does what somebody asked for, and tells when it failed.
	async done(fn: () => Promise<unknown>): Promise<boolean> {
		try {
			await fn();
			return true;
		} catch (e) {
			if (!this.signal.aborted) this.context.say(e instanceof Error ? e.message : String(e), "bad");
			return false;
		}
	}
}

// Page shows itself; a heading of its own comes first.
export interface Page {
	title: string;
	show(view: View): Promise<void> | void;
}
