import { h, put } from "../dom";
import { ask, type Field, type Values } from "../parts/form";
import { Table } from "../parts/table";
import { clipped, count, host, many, since } from "../text";
import type { Export } from "../types";
import type { View } from "../view";

// Where to: the kind, what it is called, and settings to begin with.
const kinds: [kind: string, word: string, example: object][] = [
	["syslog", "Syslog (RFC 5424 or CEF)", { network: "tls", address: "siem.example:6514", format: "cef", filter: { kinds: ["alert"], severity: "medium" } }],
	["file", "OCSF JSON lines in a file", { path: "vigil.jsonl" }],
	["splunk", "Splunk HEC", { url: "https://splunk.example:8088", token: "" }],
	["elastic", "Elasticsearch or OpenSearch", { url: "https://elastic.example:9200", index: "logs-vigil-default", apiKey: "" }],
	["otlp", "OTLP over HTTP", { url: "https://otel.example:4318", headers: {} }],
	["sentinel", "Microsoft Sentinel", { endpoint: "https://collection.example", rule: "dcr-…", stream: "Custom-Vigil_CL", tenant: "", client: "", secret: "" }],
	["kafka", "Kafka", { brokers: ["kafka.example:9092"], topic: "vigil" }],
	["webhook", "Webhook", { url: "https://hooks.example/vigil", key: "" }],
];

const shown = (settings: object): string => JSON.stringify(settings, null, 2);
const example = (kind: string): string => shown(kinds.find(([k]) => k === kind)?.[2] ?? {});

function settings(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch (e) {
		throw new Error(`The settings are no JSON: ${(e as Error).message}`);
	}
}

function fields(e?: Export): Field[] {
	return [
		{ name: "name", label: "Name", needed: true, max: 200, value: e?.name ?? "" },
		{
			name: "kind", label: "Where to", kind: "choice", value: e?.kind ?? "syslog", choices: kinds.map(([k, word]) => [k, word]),
			change: (kind, form) => {
				const text = form?.elements.namedItem("settings") as HTMLTextAreaElement;
				if (kinds.some(([k]) => text.value === example(k))) text.value = example(kind); // nobody wrote it
			},
		},
		{
			name: "settings", label: "Settings, as JSON", kind: "lines", rows: 12, needed: true, value: e ? shown(e.settings) : example("syslog"),
			hint: "filter, snapshot, queue, batch, retry and timeout can be added: docs/exports.md has all. [secret] keeps the secret that there is.",
		},
		{ name: "enabled", label: "Enabled", kind: "check", value: String(e?.enabled ?? true) },
	];
}

// state says in a word how an export does.
function state(e: Export): HTMLElement {
	const s = e.status;
	const [word, mark] = s.state === "failed" ? ["Failed", "losing"]
		: s.state !== "running" ? [s.state === "disabled" ? "Disabled" : "Starting", "revoked"]
		: s.failing_since ? ["Failing", "silent"] : ["Running", "healthy"];
	return h("span", { class: `health health-${mark}`, title: s.failing_since ? `since ${s.failing_since}` : "" }, word);
}

// trouble says what is wrong with one, and what it lost.
function trouble(e: Export): HTMLElement[] {
	const s = e.status;
	const why = s.state === "failed" ? s.reason : s.state === "running" && s.failing_since ? s.last_error : "";
	const lines = [why, ...s.losses.map((l) => `${count(l.items)} lost, ${many(l.alerts, "alert")} of them: ${l.reason}`)].filter((x) => x !== "");
	return lines.map((x) => h("div", { class: "sub", title: clipped(x, 1000) }, host(x, 200)));
}

export async function exports(v: View, root: HTMLElement): Promise<void> {
	const send = async (method: "POST" | "PUT", path: string, f: Values) => {
		await v.api.send(method, path, { name: f.name, kind: f.kind, settings: settings(f.settings!), enabled: f.enabled === "true" });
		await load();
	};
	const test = (e: Export) => v.done(async () => {
		const r = await v.api.send<{ delivered: boolean; answer: string }>("POST", `/v1/exports/${e.id}/test`);
		v.context.say(`${e.name}: the test ${r.delivered ? "was delivered" : "was not delivered"}: ${r.answer}`, r.delivered ? "good" : "bad");
	});
	const table = new Table<Export>({
		label: "Exports", key: (e) => e.id, empty: "None. An export hands events and alerts on, such as to a SIEM.",
		columns: [
			{ name: "Name", cell: (e) => h("strong", { title: clipped(`${e.name}, changed ${e.changed} by ${e.author}`, 400) }, host(e.name, 60)) },
			{ name: "Where to", class: "wide", cell: (e) => [h("div", { class: "title" }, kinds.find(([k]) => k === e.kind)?.[1] ?? host(e.kind, 60)), h("div", { class: "sub", title: e.status.confirmed }, host(e.status.destination, 120)), trouble(e)] },
			{ name: "State", cell: state },
			{ name: "Delivered", class: "right", cell: (e) => [count(e.status.delivered), e.status.last_delivery && h("div", { class: "sub" }, since(e.status.last_delivery))] },
			{ name: "Waiting", class: "right", cell: (e) => count(e.status.queued) },
			{ name: "Lost", class: "right", cell: (e) => count(e.status.undelivered) },
			{ name: "", class: "right", cell: (e) => h("span", { class: "buttons" },
				h("button", { type: "button", "data-key": `test ${e.id}`, title: "Sends one harmless alert", click: () => void test(e) }, "Test"),
				h("button", { type: "button", "data-key": `edit ${e.id}`, click: () => ask(`Export ${e.name}`, null, fields(e), "Save", (f) => send("PUT", `/v1/exports/${e.id}`, f)) }, "Edit …"),
				h("button", { type: "button", "data-key": `delete ${e.id}`, click: () => ask(`Delete ${e.name}`, "Nothing more is handed on by it, and what waits is gone.", [], "Delete", async () => { await v.api.send("DELETE", `/v1/exports/${e.id}`); await load(); }, true) }, "Delete …")) },
		],
	});
	const add = () => ask("Add an export", null, fields(), "Add", (f) => send("POST", "/v1/exports", f));
	const load = async () => table.show((await v.get<{ exports: Export[] }>("/v1/exports")).exports);
	await load();
	put(root, h("div", { class: "actions" }, h("button", { type: "button", class: "primary", click: add }, "Add an export …")), h("section", { class: "card flush" }, table.root));
	v.on(["export"], load);
	v.every(3_000, load);
}
