import type { Me } from "./types";

// Refused is what the API said no to, in its words.
export class Refused extends Error {
	constructor(readonly status: number, why: string) {
		super(why);
	}
}

// API asks for the pages, in the name of the session that the browser's cookie is of.
export class API {
	private csrf = "";

	// stranger is called when the session is no more.
	constructor(private readonly stranger: () => void) {}

	async login(user: string, password: string): Promise<Me> {
		return this.know(await this.request<Me>("POST", "/v1/login", { user, password }));
	}

	async me(): Promise<Me> {
		return this.know(await this.request<Me>("GET", "/v1/me"));
	}

	private know(me: Me): Me {
		this.csrf = me.csrf ?? "";
		return me;
	}

	get<T>(path: string, query: Record<string, string | number | undefined> = {}, signal?: AbortSignal): Promise<T> {
		return this.request<T>("GET", path + asked(query), undefined, signal).catch((e) => this.failed(e));
	}

	send<T = void>(method: "POST" | "PUT" | "PATCH" | "DELETE", path: string, body?: unknown): Promise<T> {
		return this.request<T>(method, path, body ?? {}).catch((e) => this.failed(e));
	}

	private failed(e: unknown): never {
		if (e instanceof Refused && e.status === 401) this.stranger();
		throw e;
	}

	private async request<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
		const headers: Record<string, string> = { Accept: "application/json" };
		const how: RequestInit = { method, headers, cache: "no-store", redirect: "error" };
		if (signal) how.signal = signal;
		if (body !== undefined) {
			headers["Content-Type"] = "application/json";
			headers["X-CSRF-Token"] = this.csrf;
			how.body = JSON.stringify(body);
		}
		const r = await fetch(path, how);
		if (!r.ok) {
			const said = (await r.json().catch(() => ({}))) as { detail?: string; title?: string };
			throw new Refused(r.status, said.detail ?? said.title ?? `the server answered ${r.status}`);
		}
		return (r.status === 204 ? undefined : await r.json()) as T;
	}
}

// asked is a query's parameters; what is empty is not asked for.
export function asked(query: Record<string, string | number | undefined>): string {
	const p = new URLSearchParams();
	for (const [name, value] of Object.entries(query)) if (value !== undefined && value !== "") p.set(name, String(value));
	const text = p.toString();
	return text && `?${text}`;
}
