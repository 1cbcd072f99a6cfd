import { h, put } from "../dom";
import { Table } from "../parts/table";
import { about, count, host, many, plain, since } from "../text";
import type { Policy, Sensor } from "../types";
import type { Page, View } from "../view";
import { health, healthOf } from "../words";

type Order = "name" | "seen" | "lost";
const orders: Record<Order, (a: Sensor, b: Sensor) => number> = {
	name: (a, b) => a.name.localeCompare(b.name),
	seen: (a, b) => Date.parse(a.seen) - Date.parse(b.seen),
	lost: (a, b) => b.lost + b.dropped - a.lost - a.dropped,
};

// follows tells which version of its policy a sensor has, whether that is the newest, and
// whether it refuses that.
export function follows(s: Sensor, newest: Map<string, number>): HTMLElement {
	const wanted = newest.get(s.policy);
	const behind = wanted !== undefined && (s.policy_version !== wanted || s.policy_followed !== s.policy);
	const has = s.policy_version === 0 ? "not yet" : s.policy_followed === s.policy ? [`v${s.policy_version}`, behind && ` of v${wanted}`] : ["still ", host(s.policy_followed, 64), ` v${s.policy_version}`];
	return h("span", null, host(s.policy, 64), " ", h("span", { class: behind ? "warn" : "muted" }, has), s.policy_refused && h("span", { class: "warn", title: plain(s.policy_refused) }, ", refused"));
}

async function show(v: View): Promise<void> {
	let order: Order = v.query.get("sort") === "lost" ? "lost" : "name";
	let text = "";
	let [all, newest] = [[] as Sensor[], new Map<string, number>()];
	const said = h("span", { class: "muted", role: "status" });
	const number = (n: number) => h("span", { class: n > 0 ? "warn" : "muted", title: count(n) }, about(n));
	const table = new Table<Sensor>({
		label: "Sensors", key: (s) => s.id, open: (s) => `/sensors/${s.id}`,
		empty: ["No sensors. A host becomes one with an ", h("a", { href: "/settings/enrolment" }, "enrolment token"), "."],
		columns: [
			{ name: "Health", cell: (s) => health(healthOf(s)) },
			{ name: "Name", class: "wide", cell: (s) => [h("a", { href: `/sensors/${s.id}`, tabindex: -1, class: "title" }, host(s.name, 100)), h("div", { class: "sub mono" }, host(s.address, 60))] },
			{ name: "Tier", cell: (s) => host(s.tier || "unknown", 40) },
			{ name: "Version", cell: (s) => host(s.version || "unknown", 40) },
			{ name: "Policy", cell: (s) => follows(s, newest) },
			{ name: "Lost", class: "right", cell: (s) => number(s.lost) },
			{ name: "Dropped", class: "right", cell: (s) => number(s.dropped) },
			{ name: "Last seen", class: "right", cell: (s) => since(s.seen) },
		],
	}, (path) => v.context.go(path));
	const draw = () => {
		const some = all.filter((s) => `${s.name} ${s.address} ${s.version} ${s.tier}`.toLowerCase().includes(text.toLowerCase())).sort(orders[order]);
		table.show(some);
		put(said, many(some.length, "sensor"));
	};
	const load = async () => {
		const [s, p] = await Promise.all([v.get<{ sensors: Sensor[] }>("/v1/sensors"), v.get<{ policies: Policy[] }>("/v1/policies")]);
		all = s.sensors;
		newest = new Map(p.policies.map((x) => [x.name, x.version]));
		draw();
	};
	const find = h("input", { type: "search", placeholder: "name, address, version, tier", spellcheck: "false", input: () => { text = find.value; draw(); } });
	const sort = h("select", { change: () => { order = sort.value as Order; draw(); } }, ([["name", "name"], ["seen", "longest silent"], ["lost", "most lost"]] as const).map(([value, word]) => h("option", { value, selected: value === order }, word)));
	put(v.root, h("header", { class: "head" }, h("h1", null, "Sensors"), said),
		h("div", { class: "bar" }, h("label", { class: "grow" }, "Find", find), h("label", null, "Order by", sort)),
		h("section", { class: "card flush" }, table.root));
	await load();
	v.on(["sensor", "policy"], load);
	v.every(30_000, load);
}

export const sensorsPage: Page = { title: "Sensors", show };
