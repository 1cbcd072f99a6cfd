import { h, put, type Child } from "../dom";
import { histogram, spark, stepFor } from "../parts/chart";
import { Table } from "../parts/table";
import { about, count, host, many, since } from "../text";
import type { Alert, Bucket, Overview, Sensor } from "../types";
import type { Page, View } from "../view";
import { health, healthOf, severity, severityClass, severityWord, status } from "../words";

const open = (o: Overview, severity: number): number => o.alerts.filter((a) => a.severity === severity && (a.status === "new" || a.status === "in_progress")).reduce((n, a) => n + a.count, 0);

function tile(name: string, value: Child, about: Child, href?: string, kind = ""): HTMLElement {
	const inside = [h("span", { class: "tile-name" }, name), h("span", { class: "tile-value" }, value), h("span", { class: "tile-about" }, about)];
	return href ? h("a", { class: `tile ${kind}`, href, "data-key": name }, inside) : h("div", { class: `tile ${kind}` }, inside);
}

function alertTiles(o: Overview): Child {
	return [4, 3, 2, 1].map((level) => {
		const fresh = o.alerts.filter((a) => a.severity === level && a.status === "new").reduce((n, a) => n + a.count, 0);
		const all = open(o, level);
		return tile(severityWord(level), count(all), all === 0 ? "none open" : `open, ${count(fresh)} new`, `/alerts?severity=${level}`, `severity-tile ${severityClass(level)}${all === 0 ? " none" : ""}`);
	});
}

function standTiles(o: Overview, rates: number[]): Child {
	const { total, silent, revoked } = o.sensors;
	const well = total - silent - revoked;
	const bar = h("span", { class: "share", "aria-hidden": "true" }, [["healthy", well], ["silent", silent], ["revoked", revoked]].map(([kind, n]) => {
		const part = h("i", { class: `health-${kind}` });
		part.style.flexGrow = String(n);
		return part;
	}));
	const lost = o.lost + o.dropped;
	return [
		tile("Sensors", count(total), [bar, [many(well, "reports", "report"), silent > 0 && `${count(silent)} silent`, revoked > 0 && `${count(revoked)} revoked`].filter(Boolean).join(", ")], "/sensors"),
		tile("Events per second", about(o.rates.events), [`${about(o.rates.bytes / 1024)} KiB/s`, rates.length > 1 && spark(rates, "events per second, the last minutes")]),
		tile("Losses", count(lost), `${count(o.lost)} by sensors, ${count(o.dropped)} by spools, ${many(o.rates.refused, "batch", "batches")} refused`, "/sensors?sort=lost", lost > 0 ? "warned" : ""),
		tile("Secure score", h("span", { class: "coming" }, "coming"), "Recommendations and their score are part of a later version."),
	];
}

function newest(v: View): Table<Alert> {
	return new Table<Alert>({
		label: "Newest open alerts",
		key: (a) => a.id,
		open: (a) => `/alerts/${encodeURIComponent(a.id)}`,
		empty: "No open alerts.",
		columns: [
			{ name: "Severity", cell: (a) => severity(a.severity) },
			{ name: "Alert", class: "wide", cell: (a) => [h("a", { href: `/alerts/${encodeURIComponent(a.id)}`, tabindex: -1, class: "title" }, host(a.title, 300)), h("div", { class: "sub" }, host(a.host, 100), " · ", host(a.process, 200))] },
			{ name: "Status", cell: (a) => status(a.status) },
			{ name: "Last seen", class: "right", cell: (a) => since(a.last) },
		],
	}, (path) => v.context.go(path));
}

function attention(sensors: Sensor[]): Child {
	const rank = { revoked: 3, silent: 0, losing: 1, healthy: 2 };
	const some = sensors.filter((x) => healthOf(x) !== "healthy" && !x.revoked).sort((a, b) => rank[healthOf(a)] - rank[healthOf(b)]).slice(0, 8);
	if (some.length === 0) return h("p", { class: "empty" }, sensors.length === 0 ? "No sensors yet: make an enrolment token in the settings." : "All sensors report and lose nothing.");
	return h("ul", { class: "plain" }, some.map((x) => h("li", null,
		h("a", { href: `/sensors/${x.id}`, "data-key": x.id }, host(x.name, 80)), health(healthOf(x)),
		h("span", { class: "muted" }, x.dropped > 0 ? `${about(x.dropped)} events dropped` : since(x.seen)))));
}

async function show(v: View): Promise<void> {
	const [alerts, stands, chart, list] = [h("div", { class: "tiles" }), h("div", { class: "tiles" }), h("div"), h("div")];
	const table = newest(v);
	const rates: number[] = [];
	const numbers = async () => {
		const o = await v.get<Overview>("/v1/overview");
		rates.push(o.rates.events);
		if (rates.length > 60) rates.shift();
		put(alerts, alertTiles(o));
		put(stands, standTiles(o, rates));
	};
	const lists = async () => {
		const [a, x] = await Promise.all([
			v.get<{ alerts: Alert[] }>("/v1/alerts", { status: "new,in_progress", limit: 10 }),
			v.get<{ sensors: Sensor[] }>("/v1/sensors"),
		]);
		table.show(a.alerts);
		put(list, attention(x.sensors));
	};
	const activity = async () => {
		const to = new Date();
		const from = new Date(to.getTime() - 3600_000);
		const step = stepFor(from, to);
		const { buckets } = await v.get<{ buckets: Bucket[] }>("/v1/events/histogram", { from: from.toISOString(), to: to.toISOString(), step: `${step}s` });
		put(chart, histogram(buckets, from, to, step));
	};
	await Promise.all([numbers(), lists()]);
	put(v.root, h("h1", null, "Overview"),
		h("section", { "aria-label": "Open alerts by severity" }, h("h2", { class: "quiet" }, "Open alerts"), alerts),
		h("section", { "aria-label": "How things stand" }, stands),
		h("div", { class: "two" },
			h("section", { class: "card" }, h("h2", null, "Newest open alerts", h("a", { href: "/alerts", class: "more" }, "All alerts")), table.root),
			h("div", { class: "stack" },
				h("section", { class: "card" }, h("h2", null, "Events of the last hour"), chart),
				h("section", { class: "card" }, h("h2", null, "Sensors that need a look"), list))));
	v.on(["alert", "suppression"], () => Promise.all([numbers(), lists()]));
	v.on(["sensor"], lists);
	v.every(5_000, numbers);
	v.every(60_000, lists);
	v.every(300_000, activity);
	await activity().catch((e) => put(chart, h("p", { class: "problem" }, `The store cannot be asked: ${(e as Error).message}`)));
}

export const overviewPage: Page = { title: "Overview", show };
