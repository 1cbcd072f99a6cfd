import { asked } from "../api";
import { h, put } from "../dom";
import { fields } from "../event";
import { ask } from "../parts/form";
import { at, clipped, count, host, since } from "../text";
import type { Alert, Policy, Sensor } from "../types";
import type { Page, View } from "../view";
import { facts, health, healthOf, severity, status } from "../words";
import { quoted } from "./alert";
import { follows } from "./sensors";

function actions(v: View, s: Sensor, policies: Policy[], load: () => Promise<void>): HTMLElement {
	const bar = h("div", { class: "actions" });
	if (!v.may("approver") || s.revoked) return bar;
	const policy = h("select", { "data-key": "policy", change: () => void v.done(async () => {
		await v.api.send("PUT", `/v1/sensors/${s.id}/policy`, { policy: policy.value });
		v.context.say("It is told of its policy");
		await load();
	}) }, [...new Set([s.policy, ...policies.map((p) => p.name)])].map((name) => h("option", { value: name, selected: name === s.policy }, clipped(name, 64))));
	put(bar, h("label", { class: "inline" }, "Policy ", policy),
		h("button", { type: "button", class: "danger", "data-key": "revoke", click: () => ask(`Revoke ${clipped(s.name, 60)}`, "It is shut out at once, and sends nothing more until it is enrolled again.", [{ name: "reason", label: "Reason", needed: true, max: 1000 }], "Revoke", async (f) => {
			await v.api.send("POST", `/v1/sensors/${s.id}/revoke`, { reason: f.reason });
			v.context.say("Revoked");
			await load();
		}, true) }, "Revoke …"));
	return bar;
}

async function show(v: View): Promise<void> {
	const [head, about, report, alerts] = [h("header", { class: "head" }), h("div"), h("div"), h("div")];
	const load = async () => {
		const [s, p, a] = await Promise.all([
			v.get<Sensor>(`/v1/sensors/${encodeURIComponent(v.parameter)}`),
			v.get<{ policies: Policy[] }>("/v1/policies"),
			v.get<{ alerts: Alert[] }>("/v1/alerts", { sensor: v.parameter, status: "new,in_progress", limit: 20 }),
		]);
		document.title = `${clipped(s.name, 80)} · Vigil`;
		put(head, h("div", null, h("h1", null, host(s.name, 200)), h("p", { class: "marks" }, health(healthOf(s)), h("span", { class: "muted" }, "last seen ", since(s.seen)))), actions(v, s, p.policies, load));
		put(about, facts(
			["Sensor", h("span", { class: "mono" }, s.id)], ["Address", h("span", { class: "mono" }, host(s.address, 100))],
			["Version", host(s.version || "unknown", 100)], ["Tier", host(s.tier || "unknown", 100)],
			["Policy", follows(s, new Map(p.policies.map((x) => [x.name, x.version])))],
			["Refused", s.policy_refused && h("span", { class: "warn" }, host(s.policy_refused, 5_000))],
			["Lost before its spool", count(s.lost)], ["Dropped by its spool", count(s.dropped)],
			["Enrolled", at(s.enrolled)], ["Certificate", s.serial && h("span", null, h("span", { class: "mono" }, host(s.serial, 80)), " until ", at(s.expires))],
			["Revoked", s.revoked && [at(s.revoked), ": ", host(s.reason ?? "", 1_000)]],
			["Events", h("a", { href: `/search${asked({ query: `"vigil.sensor":=${quoted(s.id)}` })}` }, "Search its events")],
		));
		put(report, s.reported ? [h("p", { class: "muted" }, "Told ", since(s.reported)), fields(s.health)] : h("p", { class: "empty" }, "It has told nothing of its health yet."));
		put(alerts, a.alerts.length === 0 ? h("p", { class: "empty" }, "None.") : h("ul", { class: "plain related" }, a.alerts.map((x) => h("li", null, severity(x.severity), h("a", { href: `/alerts/${encodeURIComponent(x.id)}`, "data-key": x.id }, host(x.title, 200)), status(x.status), h("span", { class: "muted" }, since(x.last))))));
	};
	await load();
	put(v.root, h("p", { class: "crumbs" }, h("a", { href: "/sensors" }, "Sensors")), head, h("div", { class: "two even" },
		h("div", { class: "stack" }, h("section", { class: "card" }, h("h2", null, "About"), about), h("section", { class: "card" }, h("h2", null, "Open alerts"), alerts)),
		h("section", { class: "card" }, h("h2", null, "Health"), report)));
	v.on(["sensor", "policy", "alert"], load);
	v.every(30_000, load);
}

export const sensorPage: Page = { title: "Sensor", show };
