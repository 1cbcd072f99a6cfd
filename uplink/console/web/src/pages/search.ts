import { asked } from "../api";
import { h, put } from "../dom";
import { histogram, stepFor } from "../parts/chart";
import { ask } from "../parts/form";
import { line } from "../parts/timeline";
import { clipped, host, many, moment } from "../text";
import type { Bucket, Events, Search } from "../types";
import type { Page, View } from "../view";
import { help } from "./searchhelp";

const ranges: [value: string, word: string][] = [["900", "15 minutes"], ["3600", "1 hour"], ["21600", "6 hours"], ["86400", "1 day"], ["604800", "7 days"], ["2592000", "30 days"]];

// Asked is what is looked for: its time is the last seconds, or from one time to another.
interface Asked { query: string; last: string; from: string; to: string }

function read(q: URLSearchParams): Asked {
	const get = (name: string) => q.get(name) ?? "";
	return { query: get("query"), last: get("last") || "3600", from: get("from"), to: get("to") };
}

function period(a: Asked): [from: Date, to: Date] {
	if (a.from && a.to) return [new Date(a.from), new Date(a.to)];
	const now = new Date();
	return [new Date(now.getTime() - Number(a.last) * 1000), now];
}

// local is a time as the browser's own field has it, and back.
const local = (t: Date): string => moment(t).replace(" ", "T");

function saved(v: View, all: Search[], use: (query: string) => void, changed: () => Promise<unknown>): HTMLElement {
	if (all.length === 0) return h("p", { class: "empty" }, "None yet: save a query to have it here.");
	return h("ul", { class: "plain saved" }, all.map((x) => h("li", null,
		h("button", { type: "button", class: "linkish", "data-key": x.id, title: x.query, click: () => use(x.query) }, host(x.name, 80)),
		h("span", { class: "muted mono clip" }, host(x.query, 120)),
		v.may("operator") && h("button", { type: "button", class: "quiet", "aria-label": `Delete ${clipped(x.name, 80)}`, "data-key": `delete ${x.id}`, click: () => v.done(async () => { await v.api.send("DELETE", `/v1/searches/${x.id}`); await changed(); }) }, "✕"))));
}

async function show(v: View): Promise<void> {
	const a = read(v.query);
	const [chart, list, searches, said] = [h("div"), h("div"), h("div"), h("span", { class: "muted", role: "status" })];
	const text = h("textarea", { id: "query", rows: 1, spellcheck: "false", placeholder: "* finds all; curl finds the word; \"vigil.kind\":=exec finds a kind", "aria-describedby": "keys" });
	const last = h("select", { id: "last", change: () => void run({ last: last.value, from: "", to: "" }) });
	const from = h("input", { type: "datetime-local", step: 1, "aria-label": "from" });
	const to = h("input", { type: "datetime-local", step: 1, "aria-label": "to" });
	let limit = 200;

	const fit = () => { text.style.height = "auto"; text.style.height = `${Math.min(text.scrollHeight + 2, 200)}px`; };
	const mark = () => {
		const [f, t] = period(a);
		put(last, ranges.map(([value, word]) => h("option", { value, selected: !a.from && value === a.last }, `last ${word}`)), a.from && h("option", { value: a.last, selected: true }, "as chosen"));
		from.value = local(f);
		to.value = local(t);
		text.value = a.query;
		fit();
	};
	const run = async (change: Partial<Asked> = {}) => {
		Object.assign(a, { query: text.value.trim() }, change);
		history.replaceState(null, "", `/search${asked({ query: a.query, ...(a.from ? { from: a.from, to: a.to } : { last: a.last === "3600" ? "" : a.last }) })}`);
		limit = 200;
		mark();
		await v.done(look);
	};
	const look = async () => {
		const [f, t] = period(a);
		const step = stepFor(f, t);
		const time = { query: a.query, from: f.toISOString(), to: t.toISOString() };
		put(said, "Looking …");
		const piped = /\|/.test(a.query.replace(/"(?:[^"\\]|\\.)*"/g, "")); // a histogram is of queries without pipes
		const [found, buckets] = await Promise.all([
			v.get<Events>("/v1/events", { ...time, limit }),
			piped ? undefined : v.get<{ buckets: Bucket[] }>("/v1/events/histogram", { ...time, step: `${step}s` }),
		]).catch((e) => { put(said, ""); throw e; });
		put(chart, buckets && histogram(buckets.buckets, f, t, step, (from, to) => void run({ from: from.toISOString(), to: to.toISOString() })));
		put(said, found.more ? `the newest ${many(found.events.length, "event")}` : many(found.events.length, "event"));
		put(list, found.events.length === 0 ? h("p", { class: "empty" }, "Nothing is like this in that time.") : h("div", { class: "timeline dated" }, found.events.map((e) => line(e))),
			found.more && limit < 5000 && h("div", { class: "more-rows" }, h("button", { type: "button", "data-key": "more", click: () => { limit = Math.min(limit * 5, 5000); void v.done(look); } }, "Show more")));
	};
	const use = (query: string) => { text.value = query; void run(); text.focus(); };
	const searchesAgain = async () => {
		const { searches: all } = await v.get<{ searches: Search[] }>("/v1/searches");
		put(searches, saved(v, all, use, searchesAgain));
	};
	const chose = () => from.value && to.value && void run({ from: new Date(from.value).toISOString(), to: new Date(to.value).toISOString() });
	for (const e of [from, to]) e.addEventListener("change", chose);
	text.addEventListener("input", fit);
	text.addEventListener("keydown", (e) => {
		if (e.key !== "Enter" || e.shiftKey) return;
		e.preventDefault();
		void run();
	});
	const save = () => ask("Save the search", h("code", { class: "block" }, text.value || "*"), [{ name: "name", label: "Name", needed: true, max: 200 }], "Save", async (f) => {
		await v.api.send("POST", "/v1/searches", { name: f.name, query: text.value || "*" });
		await searchesAgain();
	});
	put(v.root, h("header", { class: "head" }, h("h1", null, "Search"), said),
		h("form", { class: "card query", role: "search", submit: (e: Event) => { e.preventDefault(); void run(); } },
			h("label", { for: "query" }, "LogsQL ", h("span", { class: "muted", id: "keys" }, "Enter searches, Shift+Enter makes a line")), text,
			h("div", { class: "row" }, h("label", { for: "last", class: "hidden" }, "Time"), last, from, h("span", { class: "muted" }, "to"), to, h("span", { class: "grow" }),
				v.may("operator") && h("button", { type: "button", click: save }, "Save …"), h("button", { type: "submit", class: "primary" }, "Search"))),
		h("div", { class: "two search" },
			h("div", { class: "stack" }, h("section", { class: "card", "aria-label": "How many" }, chart), h("section", { class: "card flush", "aria-label": "Events" }, list)),
			h("div", { class: "stack" }, h("section", { class: "card" }, h("h2", null, "Saved searches"), searches), h("section", { class: "card" }, h("h2", null, "Help"), help(use)))));
	mark();
	text.focus();
	await Promise.all([v.done(look), searchesAgain()]);
}

export const searchPage: Page = { title: "Search", show };
