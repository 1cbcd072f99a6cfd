// What a policy says (docs/policies.md), and how it is written in the console: settings as
// JSON, protections and rules as lines.

export interface Body {
	settings?: { [name: string]: unknown };
	protections?: { [id: string]: boolean };
	rules?: { name: string; text: string }[];
}

// Text is a policy as it is written.
export interface Text { settings: string; protections: string; rules: string }

const head = "### ";

export function written(b: Body): Text {
	return {
		settings: JSON.stringify(b.settings ?? {}, null, 2),
		protections: Object.entries(b.protections ?? {}).map(([id, on]) => `${id} ${on ? "on" : "off"}`).join("\n"),
		rules: (b.rules ?? []).map((r) => `${head}${r.name}\n${r.text.trimEnd()}\n`).join("\n"),
	};
}

// lines are those of all it says, for reading.
export function lines(b: Body): string[] {
	const t = written(b);
	const part = (name: string, text: string) => (text ? [name, ...text.trimEnd().split("\n").map((x) => `  ${x}`)] : []);
	return [...part("settings", b.settings ? t.settings : ""), ...part("protections", t.protections), ...part("rules", t.rules)];
}

// read gives what is written, and throws what is wrong with it.
export function read(t: Text): Body {
	const b: Body = {};
	try {
		if (t.settings.trim()) b.settings = JSON.parse(t.settings);
	} catch (e) {
		throw new Error(`The settings are no JSON: ${(e as Error).message}`);
	}
	for (const line of t.protections.split("\n")) {
		const [id, word = "off", more] = line.trim().split(/\s+/);
		if (!id) continue;
		if (more !== undefined || (word !== "on" && word !== "off")) throw new Error(`“${line.trim()}” is no identifier with on or off`);
		(b.protections ??= {})[id] = word === "on";
	}
	for (const line of t.rules.split("\n")) {
		const rule = b.rules?.at(-1);
		if (line.startsWith(head)) (b.rules ??= []).push({ name: line.slice(head.length).trim(), text: "" });
		else if (rule) rule.text += `${line}\n`;
		else if (line.trim()) throw new Error(`A rule begins with a line such as ${head}netcat.yml`);
	}
	for (const r of b.rules ?? []) r.text = r.text.trimEnd() + "\n";
	if (b.settings && Object.keys(b.settings).length === 0) delete b.settings;
	return b;
}
