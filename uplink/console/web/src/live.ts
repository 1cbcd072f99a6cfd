// What changes, told by the server as it does.
export type Change = "alert" | "sensor" | "policy" | "suppression" | "export" | "lost";
const kinds: Change[] = ["alert", "sensor", "policy", "suppression", "export", "lost"];

export class Live {
	private source: EventSource | undefined;
	private again: number | undefined;
	private readonly hearers = new Set<(what: Change, data: unknown) => void>();

	// state is told whether the connection stands.
	constructor(private readonly state: (stands: boolean) => void) {}

	start(): void {
		this.stop();
		const source = new EventSource("/v1/live");
		this.source = source;
		let missed = false;
		source.addEventListener("open", () => {
			this.state(true);
			if (missed) this.tell("lost", {}); // what came meanwhile is not known
		});
		source.addEventListener("error", () => {
			missed = true;
			this.state(false);
			if (source.readyState !== EventSource.CLOSED) return; // it tries again by itself
			this.again = window.setTimeout(() => {
				this.start();
				this.tell("lost", {});
			}, 5_000);
		});
		for (const k of kinds) source.addEventListener(k, (e) => this.tell(k, JSON.parse((e as MessageEvent<string>).data)));
	}

	stop(): void {
		window.clearTimeout(this.again);
		this.source?.close();
		this.source = undefined;
	}

	hear(fn: (what: Change, data: unknown) => void, until: AbortSignal): void {
		this.hearers.add(fn);
		until.addEventListener("abort", () => this.hearers.delete(fn));
	}

	private tell(what: Change, data: unknown): void {
		for (const fn of [...this.hearers]) fn(what, data);
	}
}
