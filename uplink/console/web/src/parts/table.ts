import { h, put, type Child } from "../dom";

export interface Column<T> {
	name: string;
	cell: (row: T) => Child;
	class?: string;
}

export interface Rows<T> {
	label: string;
	columns: Column<T>[];
	key: (row: T) => string;
	open?: (row: T) => string; // the address of what the row is about: rows can be walked by keyboard
	empty: Child;
}

// Table shows rows. One of them is reached by Tab, the others from it by the arrows.
export class Table<T> {
	readonly root = h("div", { class: "scroll", role: "region", tabindex: 0 });
	private readonly body = h("tbody");
	private at = "";

	constructor(private readonly how: Rows<T>, private readonly go: (path: string) => void = () => undefined) {
		this.root.setAttribute("aria-label", how.label);
		if (how.open) this.root.removeAttribute("tabindex");
		this.root.append(h("table", { class: how.open ? "rows open" : "rows" },
			h("thead", null, h("tr", null, how.columns.map((c) => h("th", { scope: "col", class: c.class }, c.name)))), this.body));
		if (how.open) this.body.addEventListener("keydown", (e) => this.key(e));
	}

	show(rows: T[]): void {
		if (rows.length === 0) {
			put(this.body, h("tr", null, h("td", { class: "empty", colspan: this.how.columns.length }, this.how.empty)));
			return;
		}
		if (!rows.some((r) => this.how.key(r) === this.at)) this.at = this.how.key(rows[0]!);
		put(this.body, rows.map((r) => this.row(r)));
	}

	private row(r: T): HTMLElement {
		const key = this.how.key(r);
		const cells = this.how.columns.map((c) => h("td", { class: c.class }, c.cell(r)));
		const path = this.how.open?.(r);
		if (path === undefined) return h("tr", { "data-key": key }, cells);
		return h("tr", {
			"data-key": key, "data-path": path, tabindex: key === this.at ? 0 : -1,
			focus: () => this.mark(key),
			click: (e: MouseEvent) => {
				if (!(e.target as Element).closest("a, button, input, select") && !getSelection()?.toString()) this.go(path);
			},
		}, cells);
	}

	private mark(key: string): void {
		this.at = key;
		for (const r of this.body.rows) r.tabIndex = r.dataset.key === key ? 0 : -1;
	}

	private key(e: KeyboardEvent): void {
		const row = e.target instanceof HTMLTableRowElement ? e.target : null;
		if (!row) return;
		const rows = [...this.body.rows];
		const i = rows.indexOf(row);
		const to = { ArrowDown: i + 1, ArrowUp: i - 1, Home: 0, End: rows.length - 1, PageDown: Math.min(i + 10, rows.length - 1), PageUp: Math.max(i - 10, 0) }[e.key];
		if (to !== undefined) {
			e.preventDefault();
			rows[to]?.focus();
		} else if (e.key === "Enter" && row.dataset.path) {
			e.preventDefault();
			this.go(row.dataset.path);
		}
	}
}
