import { asked } from "../api";
import { h, id, put } from "../dom";
import { icon } from "../parts/icon";
import { Table } from "../parts/table";
import { about, clipped, count, host, many, since } from "../text";
import type { Alert, Sensor } from "../types";
import type { Page, View } from "../view";
import { severity, severityWord, status } from "../words";

const size = 100;

const choices: [value: string, word: string][] = [
	["new,in_progress", "Open"], ["new", "New"], ["in_progress", "In progress"], ["closed", "Closed"], ["dismissed", "Dismissed"], ["all", "All"],
];

// Filter is what the list is of; it is the page's address, so that it can be kept and sent.
interface Filter { status: string; severity: string; min_severity: string; text: string; sensor: string; assignee: string; rule: string; incident: string }

const severities: [value: string, word: string][] = [["", "any"], ["4", severityWord(4)], ["3+", `${severityWord(3)} and above`], ["3", severityWord(3)], ["2+", `${severityWord(2)} and above`], ["2", severityWord(2)], ["1", severityWord(1)]];

const open = "new,in_progress";

function read(q: URLSearchParams): Filter {
	const get = (name: string) => q.get(name) ?? "";
	return { status: get("status") || open, severity: get("severity"), min_severity: get("min_severity"), text: get("text"), sensor: get("sensor"), assignee: get("assignee"), rule: get("rule"), incident: get("incident") };
}

const address = (f: Filter): string => `/alerts${asked({ ...f, status: f.status === open ? "" : f.status })}`;

// query is the filter as the API takes it.
const query = (f: Filter): Record<string, string> => ({ ...f, status: f.status === "all" ? "" : f.status });

function columns(): ConstructorParameters<typeof Table<Alert>>[0]["columns"] {
	return [
		{ name: "Severity", cell: (a) => severity(a.severity) },
		{ name: "Alert", class: "wide", cell: (a) => [h("a", { href: `/alerts/${encodeURIComponent(a.id)}`, tabindex: -1, class: "title" }, host(a.title, 300)), h("div", { class: "sub" }, host(a.process || a.message, 200))] },
		{ name: "Technique", cell: (a) => h("span", { class: "mono" }, host(a.technique, 20)) },
		{ name: "Host", cell: (a) => host(a.host, 100) },
		{ name: "Seen", class: "right", cell: (a) => h("span", { title: many(a.count, "time") }, `${about(a.count)} ×`) },
		{ name: "Last", class: "right", cell: (a) => since(a.last) },
		{ name: "Status", cell: (a) => status(a.status) },
		{ name: "Assigned to", cell: (a) => (a.assignee ? host(a.assignee, 64) : h("span", { class: "muted" }, "nobody")) },
	];
}

function select(label: string, value: string, options: [string, string][], change: (v: string) => void): HTMLElement {
	const me = id("filter");
	return h("label", { for: me }, label, h("select", { id: me, "data-key": label, change: (e: Event) => change((e.target as HTMLSelectElement).value) },
		options.map(([v, word]) => h("option", { value: v, selected: v === value }, word))));
}

function bar(filter: Filter, sensors: Sensor[], names: string[], change: (f: Partial<Filter>) => void): HTMLElement {
	const me = id("text");
	const text = h("input", { id: me, type: "search", value: filter.text, placeholder: "title, message, host or program", "data-key": "text", spellcheck: "false" });
	const states = h("div", { class: "segments", role: "group", "aria-label": "Status" }, choices.map(([value, word]) =>
		h("button", { type: "button", "aria-pressed": String(value === filter.status), "data-key": `status ${word}`, click: () => change({ status: value }) }, word)));
	return h("form", { class: "bar", role: "search", submit: (e: Event) => { e.preventDefault(); change({ text: text.value }); } },
		states,
		select("Severity", filter.min_severity ? `${filter.min_severity}+` : filter.severity, severities, (s) => change(s.endsWith("+") ? { severity: "", min_severity: s.slice(0, -1) } : { severity: s, min_severity: "" })),
		select("Sensor", filter.sensor, [["", "all"], ...sensors.map((x): [string, string] => [x.id, clipped(x.name, 60)])], (sensor) => change({ sensor })),
		select("Assigned to", filter.assignee, [["", "anybody"], ...names.map((n): [string, string] => [n, n])], (assignee) => change({ assignee })),
		h("label", { for: me, class: "grow" }, "Find", text),
		(filter.rule || filter.incident) && h("button", { type: "button", class: "chip", "data-key": "only", click: () => change({ rule: "", incident: "" }) }, filter.rule ? ["rule ", host(filter.rule, 60)] : "one incident", " ✕"));
}

async function show(v: View): Promise<void> {
	const filter = read(v.query);
	const table = new Table<Alert>({ label: "Alerts", columns: columns(), key: (a) => a.id, open: (a) => `/alerts/${encodeURIComponent(a.id)}`, empty: "No alerts are like this." }, (path) => v.context.go(path));
	const [filters, foot, said] = [h("div"), h("div", { class: "more-rows" }), h("span", { class: "muted", role: "status" })];
	const csv = h("a", { class: "button", download: "alerts.csv", href: "/v1/alerts.csv" }, icon("download"), "CSV");
	const { sensors } = await v.get<{ sensors: Sensor[] }>("/v1/sensors");
	const { names } = await v.get<{ names: string[] }>("/v1/assignees");
	let all: Alert[] = [];
	let pages = 1;

	const page = async (before?: string) => (await v.get<{ alerts: Alert[] }>("/v1/alerts", { ...query(filter), before, limit: size })).alerts;
	const load = async () => {
		const loaded: Alert[] = [];
		let last: Alert[] = [];
		for (let i = 0; i < pages && (i === 0 || last.length === size); i++) {
			last = await page(loaded.at(-1)?.id);
			loaded.push(...last);
		}
		all = loaded;
		table.show(all);
		put(said, `${count(all.length)}${last.length === size ? " or more" : ""} ${all.length === 1 ? "alert" : "alerts"}`);
		put(foot, last.length === size && h("button", { type: "button", "data-key": "more", click: () => { pages++; void v.done(load); } }, "Show more"));
		csv.setAttribute("href", `/v1/alerts.csv${asked(query(filter))}`);
	};
	const change = (f: Partial<Filter>) => {
		Object.assign(filter, f);
		pages = 1;
		history.replaceState(null, "", address(filter));
		put(filters, bar(filter, sensors, names, change));
		void v.done(load);
	};
	put(filters, bar(filter, sensors, names, change));
	put(v.root, h("header", { class: "head" }, h("h1", null, "Alerts"), said, h("div", { class: "actions" }, csv)), filters, h("section", { class: "card flush" }, table.root, foot));
	await load();
	v.on(["alert", "suppression"], load);
	v.every(60_000, load);
}

export const alertsPage: Page = { title: "Alerts", show };
