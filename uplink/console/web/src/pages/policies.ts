import { diff } from "../diff";
import { h, put, type Child } from "../dom";
import { ask, type Field, type Values } from "../parts/form";
import { Table } from "../parts/table";
import { lines, read, written, type Body } from "../policy";
import { at, host, many } from "../text";
import type { Policy, Sensor } from "../types";
import type { View } from "../view";
import { follows } from "./sensors";

// said is what a version says; what it changed in the one before is marked.
function said(p: Policy, before: Policy | undefined): HTMLElement {
	const now = lines(p.body);
	if (now.length === 0 && !before) return h("p", { class: "muted" }, "Nothing: each host as its own configuration says.");
	return h("pre", { class: "block" }, diff(before ? lines(before.body) : now, now).map(([sign, text]) =>
		h("span", { class: sign === "+" ? "added" : sign === "-" ? "removed" : null }, `${sign} `, host(text), "\n")));
}

const fields = (b: Body, note: string): Field[] => {
	const t = written(b);
	return [
		{ name: "settings", label: "Settings", kind: "lines", rows: 6, value: t.settings, hint: "JSON: kinds, watch, judge, suppress, intelligence. What is not named is as the host says." },
		{ name: "protections", label: "Protections", kind: "lines", rows: 3, value: t.protections, hint: "Rules and behaviours, one a line: vigil-exec-shm off" },
		{ name: "rules", label: "Rules", kind: "lines", rows: 8, value: t.rules, hint: "Sigma. Each begins with a line of its name: ### netcat.yml" },
		{ name: "note", label: "Note", max: 1000, value: note },
	];
};

const bodyOf = (f: Values): Body => read({ settings: f.settings!, protections: f.protections!, rules: f.rules! });

export async function policies(v: View, root: HTMLElement): Promise<void> {
	const [who, versions] = [h("div"), h("div")];
	let [sensors, newest, shown] = [[] as Sensor[], new Map<string, number>(), ""];
	const of = (name: string) => sensors.filter((s) => !s.revoked && s.policy === name);
	const followers = (p: Policy): Child => {
		const all = of(p.name);
		const up = all.filter((s) => s.policy_followed === p.name && s.policy_version === p.version).length;
		const refuse = all.filter((s) => s.policy_refused).length;
		return [all.length === 0 ? h("span", { class: "muted" }, "none") : `${up} of ${many(all.length, "sensor")}`, refuse > 0 && h("span", { class: "warn" }, `, ${refuse} refused it`)];
	};
	const table = new Table<Policy>({
		label: "Policies", key: (p) => p.name, empty: "None.",
		columns: [
			{ name: "Name", cell: (p) => h("strong", null, p.name) },
			{ name: "Version", cell: (p) => `v${p.version}` },
			{ name: "Followed by", class: "time", cell: followers },
			{ name: "Note", class: "wide", cell: (p) => host(p.note, 300) },
			{ name: "By", cell: (p) => host(p.author || "Vigil", 64) },
			{ name: "Made", class: "time", cell: (p) => at(p.created) },
			{ name: "", class: "right", cell: (p) => h("span", { class: "buttons" },
				h("button", { type: "button", "data-key": `all ${p.name}`, click: () => v.done(() => all(p.name)) }, "Versions"),
				v.may("approver") && h("button", { type: "button", "data-key": `edit ${p.name}`, click: () => edit(p) }, "Edit …")) },
		],
	});
	const save = async (name: string, after: number, f: Values) => {
		await v.api.send("PUT", `/v1/policies/${encodeURIComponent(name)}`, { after, note: f.note, body: bodyOf(f) });
		v.context.say("Sensors that follow it are told");
		await load();
		await all(name);
	};
	const edit = (p: Policy, from: Body = p.body, note = "") => ask(`Version ${p.version + 1} of ${p.name}`, null, fields(from, note), "Save", (f) => save(p.name, p.version, f));
	const add = () => ask("Make a policy", null, [{ name: "name", label: "Name", needed: true, max: 64, hint: "Small letters, digits and -." }, ...fields({}, "")], "Make", (f) => save(f.name!, 0, f));
	const all = async (name: string) => {
		const { versions: some } = await v.get<{ versions: Policy[] }>(`/v1/policies/${encodeURIComponent(name)}`);
		shown = name;
		about();
		put(versions, h("section", { class: "card" }, h("h2", null, `Versions of ${name}`), some.map((p, i) => h("details", { class: "event", open: i === 0 },
			h("summary", null, h("strong", null, `v${p.version}`), at(p.created), host(p.author || "Vigil", 64), h("span", { class: "what" }, host(p.note, 300)),
				i > 0 && v.may("approver") && h("button", { type: "button", click: (e: Event) => { e.preventDefault(); edit(some[0]!, p.body, `as v${p.version}`); } }, "Take again …")),
			said(p, some[i + 1])))));
	};
	const about = () => {
		const some = of(shown);
		put(who, h("section", { class: "card" }, h("h2", null, `Sensors of ${shown}`), some.length === 0 ? h("p", { class: "empty" }, "None. A sensor is given its policy on its own page.") : h("ul", { class: "plain" }, some.map((s) => h("li", null,
			h("a", { href: `/sensors/${s.id}`, "data-key": s.id }, host(s.name, 100)), follows(s, newest), s.policy_refused && h("span", { class: "why" }, host(s.policy_refused, 2_000)))))));
	};
	const load = async () => {
		const [p, s] = await Promise.all([v.get<{ policies: Policy[] }>("/v1/policies"), v.get<{ sensors: Sensor[] }>("/v1/sensors")]);
		sensors = s.sensors;
		newest = new Map(p.policies.map((x) => [x.name, x.version]));
		table.show(p.policies);
	};
	await load();
	put(root, h("div", { class: "actions" }, v.may("approver") && h("button", { type: "button", class: "primary", click: add }, "Make a policy …")), h("section", { class: "card flush" }, table.root), h("div", { class: "stack" }, versions, who));
	v.on(["policy", "sensor"], async () => {
		const before = newest.get(shown);
		await load();
		if (shown && newest.get(shown) !== before) await all(shown);
		else if (shown) about();
	});
}
