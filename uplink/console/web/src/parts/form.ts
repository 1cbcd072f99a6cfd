import { h, id, put, type Child } from "../dom";

export interface Field {
	name: string;
	label: string;
	kind?: "text" | "password" | "number" | "lines" | "choice" | "check";
	value?: string;
	choices?: [value: string, word: string][];
	hint?: string;
	needed?: boolean;
	rows?: number;
	min?: number;
	max?: number;
	complete?: string;
	change?: (value: string, form: HTMLFormElement | null) => void; // of a choice
}

type Control = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

function control(f: Field, me: string): Control {
	const same = { id: me, name: f.name, required: f.needed, "aria-describedby": f.hint ? `${me}-hint` : null };
	switch (f.kind) {
		case "choice":
			return h("select", { ...same, change: (e: Event) => { const x = e.target as HTMLSelectElement; f.change?.(x.value, x.form); } }, (f.choices ?? []).map(([value, word]) => h("option", { value, selected: value === f.value }, word)));
		case "lines": {
			const e = h("textarea", { ...same, rows: f.rows ?? 3, spellcheck: "false" });
			e.value = f.value ?? "";
			return e;
		}
		case "check":
			return h("input", { ...same, type: "checkbox", checked: f.value === "true" });
	}
	const lengths = f.kind === "number" ? { min: f.min, max: f.max } : { minlength: f.min, maxlength: f.max };
	return h("input", { ...same, ...lengths, type: f.kind ?? "text", value: f.value ?? "", autocomplete: f.complete ?? "off", spellcheck: "false" });
}

function row(f: Field): HTMLElement {
	const me = id(f.name);
	const label = h("label", { for: me }, f.label);
	const hint = f.hint && h("p", { class: "hint", id: `${me}-hint` }, f.hint);
	return f.kind === "check" ? h("div", { class: "field check" }, control(f, me), label, hint) : h("div", { class: "field" }, label, control(f, me), hint);
}

export type Values = Record<string, string>;

function values(form: HTMLFormElement): Values {
	const all: Values = {};
	for (const e of form.elements) {
		if (e instanceof HTMLInputElement && e.type === "checkbox") all[e.name] = String(e.checked);
		else if (e instanceof HTMLInputElement || e instanceof HTMLSelectElement || e instanceof HTMLTextAreaElement) all[e.name] = e.value;
	}
	return all;
}

// form asks; what send refuses is told above the buttons, and can be mended.
export function form(fields: Field[], word: string, send: (v: Values) => Promise<unknown>, beside: Child = null, danger = false): HTMLFormElement {
	const problem = h("p", { class: "problem", role: "alert", hidden: true });
	const button = h("button", { type: "submit", class: danger ? "danger" : "primary" }, word);
	const f = h("form", {
		submit: async (e: Event) => {
			e.preventDefault();
			problem.hidden = true;
			button.disabled = true;
			try {
				await send(values(f));
			} catch (e) {
				problem.hidden = false;
				problem.textContent = (e as Error).message;
			}
			button.disabled = false;
		},
	}, fields.map(row), problem, h("div", { class: "buttons" }, beside, button));
	return f;
}

// ask opens a dialog with a form; it closes when send has done it.
export function ask(title: string, about: Child, fields: Field[], word: string, send: (v: Values) => Promise<unknown>, danger = false): void {
	const me = id("dialog");
	const cancel = h("button", { type: "button", click: () => d.close() }, "Cancel");
	const f = form(fields, word, async (v) => { await send(v); d.close(); }, cancel, danger);
	const d: HTMLDialogElement = h("dialog", { "aria-labelledby": me, close: () => d.remove() }, h("h2", { id: me }, title), about && h("div", { class: "about" }, about), f);
	document.body.append(d);
	d.showModal();
	f.querySelector<HTMLElement>("input, select, textarea")?.focus();
}

// tell opens a dialog that shows what is shown once, such as a secret.
export function tell(title: string, about: Child, secret: string): void {
	const me = id("dialog");
	const said = h("span", { role: "status" });
	const text = h("output", { class: "secret", tabindex: 0 }, secret);
	const copy = h("button", { type: "button", click: () => navigator.clipboard.writeText(secret).then(() => put(said, "Copied"), () => put(said, "Select and copy it")) }, "Copy");
	const d: HTMLDialogElement = h("dialog", { "aria-labelledby": me, close: () => d.remove() }, h("h2", { id: me }, title), h("div", { class: "about" }, about), text,
		h("div", { class: "buttons" }, said, copy, h("button", { type: "button", class: "primary", click: () => d.close() }, "Done")));
	document.body.append(d);
	d.showModal();
}
