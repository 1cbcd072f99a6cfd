import { h, put, type Child } from "../dom";
import { ask } from "../parts/form";
import { clipped, host } from "../text";
import type { Alert } from "../types";
import type { View } from "../view";
import { statusWord } from "../words";

// decide offers what a person can do about an alert; changed is called when it was done.
export function decide(v: View, a: Alert, names: string[], changed: () => Promise<unknown>): HTMLElement {
	const bar = h("div", { class: "actions" });
	if (!v.may("operator")) return bar;
	const path = `/v1/alerts/${encodeURIComponent(a.id)}`;
	const change = (what: Partial<Record<"status" | "reason" | "assignee" | "comment", string>>, said: string) => v.done(async () => {
		await v.api.send("PATCH", path, what);
		v.context.say(said);
		await changed();
	});
	const button = (word: string, press: () => unknown, kind = ""): Child => h("button", { type: "button", class: kind, "data-key": word, click: press }, word);
	const assign = h("label", { class: "inline" }, "Assigned to ", h("select", { "data-key": "assign", change: (e: Event) => void change({ assignee: (e.target as HTMLSelectElement).value }, "Assigned") },
		["", ...new Set([...names, a.assignee].filter(Boolean))].map((n) => h("option", { value: n, selected: n === a.assignee }, n || "nobody"))));
	const open = a.status === "new" || a.status === "in_progress";
	put(bar, assign,
		a.status === "new" && button("Take it", () => change({ status: "in_progress", assignee: v.name }, "It is yours"), "primary"),
		a.status === "in_progress" && button("Close", () => change({ status: "closed" }, statusWord("closed")), "primary"),
		!open && button("Open again", () => change({ status: "new" }, "Open again")),
		open && button("Dismiss …", () => ask("Dismiss the alert", "Nobody needs to act on it, for a reason that all can read.", [{ name: "reason", label: "Reason", kind: "lines", needed: true }], "Dismiss", async (f) => {
			await v.api.send("PATCH", path, { status: "dismissed", reason: f.reason });
			v.context.say("Dismissed");
			await changed();
		})),
		v.may("approver") && button("Suppress …", () => suppress(v, a, changed)));
	return bar;
}

function suppress(v: View, a: Alert, changed: () => Promise<unknown>): void {
	ask("Suppress alerts like this", ["Alerts of the rule ", h("strong", null, host(a.title, 200)), " are dismissed as they come, and those that are new now. They are kept, marked with the reason."], [
		{ name: "sensor", label: "On", kind: "choice", value: a.sensor, choices: [[a.sensor, `this sensor only (${clipped(a.host, 60)})`], ["", "every sensor"]] },
		{ name: "process", label: "By", kind: "choice", value: a.process, choices: [...(a.process ? [[a.process, `this program only (${clipped(a.process, 80)})`] as [string, string]] : []), ["", "any program"]] },
		{ name: "days", label: "For", kind: "choice", value: "30", choices: [["7", "7 days"], ["30", "30 days"], ["90", "90 days"], ["", "always"]] },
		{ name: "reason", label: "Reason", kind: "lines", needed: true },
	], "Suppress", async (f) => {
		const expires = f.days ? { expires: new Date(Date.now() + Number(f.days) * 86_400_000).toISOString() } : {};
		await v.api.send("POST", "/v1/suppressions", { rule: a.rule, sensor: f.sensor, process: f.process, reason: f.reason, ...expires });
		v.context.say("Suppressed");
		await changed();
	}, true);
}
