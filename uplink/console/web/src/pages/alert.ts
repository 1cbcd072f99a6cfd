import { asked } from "../api";
import { h, put, type Child } from "../dom";
import { kindOf } from "../event";
import { form } from "../parts/form";
import { line, timeline } from "../parts/timeline";
import { TreeView } from "../parts/treeview";
import { at, clipped, host, many, since } from "../text";
import type { Alert, Comment, Event, Events, Process, Tree } from "../types";
import type { Page, View } from "../view";
import { facts, severity, severityClass, status } from "../words";
import { decide } from "./decide";
import { story } from "./story";

const card = (title: string, ...inside: Child[]): HTMLElement => h("section", { class: "card" }, h("h2", null, title), inside);

// quoted is a value as LogsQL takes it literally.
export const quoted = (text: string): string => JSON.stringify(text);

const hunt = (query: string): string => `/search${asked({ query })}`;

const searches: Record<number, string> = { 1: "device.hostname", 2: "dst_endpoint.ip", 45: "file.path" };

function entities(a: Alert): HTMLElement {
	const all = (a.finding?.observables ?? []).filter((o) => o.value);
	if (all.length === 0) return h("p", { class: "empty" }, "None are named.");
	return h("ul", { class: "plain entities" }, all.map((o) => {
		const place = searches[o.type_id ?? 0];
		return h("li", null, h("span", { class: "muted" }, o.type ?? "Other"), h("span", { class: "mono" }, host(o.value!, 300)),
			place && h("a", { href: hunt(`${quoted(place)}:=${quoted(o.value!)}`) }, "Search"));
	}));
}

function evidence(a: Alert): HTMLElement {
	const all = (a.finding?.evidences ?? []).flatMap((e) => (e.data ? [e.data] : []));
	if (all.length === 0) return h("p", { class: "empty" }, "The alert has no events with it.");
	return h("div", { class: "timeline" }, all.map((event) => line({ event, ...(typeof event.time === "number" ? { time: new Date(event.time).toISOString() } : {}) })));
}

function steps(a: Alert): HTMLElement {
	const text = a.finding?.remediation?.desc ?? "";
	const all = text.split(/(?<=[.!?])\s+(?=[A-Z])/).filter(Boolean);
	if (all.length === 0) return h("p", { class: "empty" }, "The rule says nothing about it.");
	return h("ol", { class: "steps" }, all.map((x) => h("li", null, host(x, 2_000))));
}

function about(a: Alert): HTMLElement {
	const tactic = a.finding?.finding_info?.attacks?.[0]?.tactic;
	return facts(
		["Rule", h("a", { href: `/alerts${asked({ rule: a.rule, status: "all" })}` }, host(a.rule, 100))],
		["Tactic", tactic && host(`${tactic.name ?? ""} ${tactic.uid ?? ""}`.trim(), 60)],
		["Technique", a.technique && h("span", { class: "mono" }, host(a.technique, 20))],
		["Host", h("a", { href: `/sensors/${a.sensor}` }, host(a.host || a.sensor, 100))],
		["First seen", at(a.first)], ["Last seen", at(a.last)], ["Seen", many(a.count, "time")],
		["Changed", since(a.changed)],
		[a.status === "dismissed" ? "Dismissed for" : "Reason", a.reason && host(a.reason, 4_000)],
	);
}

async function processes(v: View, a: Alert, into: HTMLElement): Promise<void> {
	if (!/^[0-9a-f]{16}$/.test(a.exec_id)) return put(into, h("p", { class: "empty" }, "The alert names no process."));
	const tree = await v.get<Tree>(`/v1/sensors/${a.sensor}/tree/${a.exec_id}`, { limit: 1000 });
	const beside = (p: Process) => h("p", { class: "links" }, h("a", { href: hunt(`"vigil.sensor":=${quoted(a.sensor)} ("actor.process.uid":=${quoted(p.exec_id)} or "process.uid":=${quoted(p.exec_id)})`) }, "Search its events"));
	put(into, new TreeView(tree, a.exec_id, severityClass(a.severity), beside).root);
}

// around shows what happened about the alert's time: of its process, or of its whole host.
function around(v: View, a: Alert): { root: HTMLElement; load: () => Promise<void> } {
	const [list, bar] = [h("div"), h("div", { class: "segments", role: "group", "aria-label": "Which events" })];
	const knows = /^[0-9a-f]{16}$/.test(a.exec_id);
	let [own, span] = [knows, "1m"];
	// The store keeps no event's number: what is of the same kind at the same millisecond is it.
	const proof = new Set((a.finding?.evidences ?? []).map((e) => `${e.data?.time} ${e.data && kindOf(e.data)}`));
	const isProof = (e: Event) => proof.has(`${Date.parse(e.time ?? "")} ${kindOf(e.event, e.kind)}`);
	const load = async () => {
		const choice = (word: string, on: boolean, pick: () => void) => h("button", { type: "button", "aria-pressed": String(on), "data-key": word, click: () => { pick(); void v.done(load); } }, word);
		put(bar, knows && choice("Its process", own, () => (own = true)), choice("Whole host", !own, () => (own = false)),
			["10s", "1m", "10m"].map((s) => choice(`± ${s.replace("m", " min").replace(/(\d)s/, "$1 s")}`, span === s, () => (span = s))));
		const e = await v.get<Events>(`/v1/sensors/${a.sensor}/timeline`, { at: a.first, span, exec: own ? a.exec_id : "", limit: 500 });
		put(list, timeline(e.events, isProof, "The store has no events of that time."), e.more && h("p", { class: "muted" }, "There are more than 500: choose a shorter time."));
	};
	return { root: h("div", null, bar, list), load };
}

function comments(all: Comment[]): HTMLElement {
	if (all.length === 0) return h("p", { class: "empty" }, "Nobody has said anything yet.");
	return h("ul", { class: "plain comments" }, all.map((c) => h("li", null, h("strong", null, host(c.author, 64)), " ", since(c.time), h("p", null, host(c.text)))));
}

function comment(v: View, path: string, changed: () => Promise<unknown>): Child {
	if (!v.may("operator")) return null;
	const f: HTMLFormElement = form([{ name: "comment", label: "Comment", kind: "lines", needed: true }], "Comment", async (said) => {
		await v.api.send("PATCH", path, { comment: said.comment });
		f.reset();
		await changed();
	});
	return f;
}

async function show(v: View): Promise<void> {
	const path = `/v1/alerts/${encodeURIComponent(v.parameter)}`;
	const { names } = await v.get<{ names: string[] }>("/v1/assignees");
	const [head, words, side, said, tree] = [h("header", { class: "head" }), h("div"), h("div"), h("div"), h("div", null, "…")];
	let shown = "";
	const load = async (): Promise<Alert> => {
		const { alert, comments: all } = await v.get<{ alert: Alert; comments: Comment[] }>(path);
		const now = `${alert.changed} ${all.length}`;
		if (now === shown) return alert;
		shown = now;
		put(head, h("div", null, h("h1", null, host(alert.title, 400)), h("p", { class: "marks" }, severity(alert.severity), status(alert.status), host(alert.host, 100), h("span", { class: "muted" }, "last seen ", since(alert.last)))), decide(v, alert, names, load));
		put(words, story(alert));
		put(side, about(alert));
		put(said, comments(all));
		return alert;
	};
	const alert = await load();
	document.title = `${clipped(alert.title, 80)} · Vigil`;
	const events = around(v, alert);
	const incident = await v.get<{ alerts: Alert[] }>("/v1/alerts", { incident: alert.incident, limit: 50 });
	const others = incident.alerts.filter((x) => x.id !== alert.id);
	put(v.root, h("p", { class: "crumbs" }, h("a", { href: "/alerts" }, "Alerts")), head, h("div", { class: "detail" },
		h("div", { class: "stack" }, card("What happened", words), card("Process tree", tree), card("Timeline", events.root), card("Evidence", evidence(alert))),
		h("div", { class: "stack" }, card("Next steps", steps(alert)), card("Entities", entities(alert)),
			others.length > 0 && card("Same incident", h("ul", { class: "plain related" }, others.map((x) => h("li", null, severity(x.severity), h("a", { href: `/alerts/${encodeURIComponent(x.id)}` }, host(x.title, 200)), status(x.status))))),
			card("About", side), card("Comments", said, comment(v, path, load)))));
	v.on(["alert", "suppression"], load);
	const failed = (into: HTMLElement) => (e: unknown) => !v.signal.aborted && put(into, h("p", { class: "problem" }, (e as Error).message));
	await Promise.all([processes(v, alert, tree).catch(failed(tree)), events.load().catch(failed(events.root))]);
}

export const alertPage: Page = { title: "Alert", show };
