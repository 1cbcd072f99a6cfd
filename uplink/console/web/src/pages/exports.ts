import { h, put } from "../dom";
import { ask, type Values } from "../parts/form";
import { Table } from "../parts/table";
import { at, host } from "../text";
import type { Export } from "../types";
import type { View } from "../view";

const kinds: [string, string][] = [["syslog", "Syslog (RFC 5424 or CEF)"], ["file", "OCSF JSON lines in a file"], ["splunk", "Splunk HEC"], ["elastic", "Elasticsearch or OpenSearch"], ["otlp", "OTLP over HTTP"], ["sentinel", "Microsoft Sentinel"], ["kafka", "Kafka"], ["webhook", "Webhook"]];

function settings(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch (e) {
		throw new Error(`The settings are no JSON: ${(e as Error).message}`);
	}
}

export async function exports(v: View, root: HTMLElement): Promise<void> {
	const fields = (e?: Export) => [
		{ name: "name", label: "Name", needed: true, max: 200, value: e?.name ?? "" },
		{ name: "kind", label: "Where to", kind: "choice" as const, value: e?.kind ?? "syslog", choices: e && !kinds.some(([k]) => k === e.kind) ? [...kinds, [e.kind, e.kind] as [string, string]] : kinds },
		{ name: "settings", label: "Settings, as JSON", kind: "lines" as const, rows: 12, needed: true, value: JSON.stringify(e?.settings ?? {}, null, 2) },
		{ name: "enabled", label: "Enabled", kind: "check" as const, value: String(e?.enabled ?? true) },
	];
	const send = async (method: "POST" | "PUT", path: string, f: Values) => {
		await v.api.send(method, path, { name: f.name, kind: f.kind, settings: settings(f.settings!), enabled: f.enabled === "true" });
		await load();
	};
	const table = new Table<Export>({
		label: "Exports", key: (e) => e.id, empty: "None. An export hands events and alerts on, such as to a SIEM.",
		columns: [
			{ name: "Name", class: "wide", cell: (e) => h("strong", null, host(e.name, 200)) },
			{ name: "Where to", cell: (e) => kinds.find(([k]) => k === e.kind)?.[1] ?? host(e.kind, 60) },
			{ name: "State", cell: (e) => (e.enabled ? "Enabled" : h("span", { class: "muted" }, "Disabled")) },
			{ name: "Changed", class: "time", cell: (e) => at(e.changed) },
			{ name: "By", cell: (e) => host(e.author, 64) },
			{ name: "", class: "right", cell: (e) => h("span", { class: "buttons" },
				h("button", { type: "button", "data-key": `edit ${e.id}`, click: () => ask(`Export ${e.name}`, null, fields(e), "Save", (f) => send("PUT", `/v1/exports/${e.id}`, f)) }, "Edit …"),
				h("button", { type: "button", "data-key": `delete ${e.id}`, click: () => ask(`Delete ${e.name}`, "Nothing more is handed on by it.", [], "Delete", async () => { await v.api.send("DELETE", `/v1/exports/${e.id}`); await load(); }, true) }, "Delete …")) },
		],
	});
	const add = () => ask("Add an export", null, fields(), "Add", (f) => send("POST", "/v1/exports", f));
	const load = async () => table.show((await v.get<{ exports: Export[] }>("/v1/exports")).exports);
	await load();
	put(root, h("div", { class: "actions" }, h("button", { type: "button", class: "primary", click: add }, "Add an export …")), h("section", { class: "card flush" }, table.root));
	v.on(["export"], load);
}
