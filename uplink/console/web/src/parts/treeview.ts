import { h, put, s, type Child } from "../dom";
import { at, clipped, clock, count, day, host, moment } from "../text";
import { grow, rows, type Node, type Row } from "../tree";
import type { Process, Tree } from "../types";
import { facts } from "../words";

const rowHeight = 30;
const margin = 18;

// TreeView draws processes; one is chosen by mouse or keyboard, and told in full below.
export class TreeView {
	readonly root = h("div", { class: "tree" });
	private readonly roots: Node[];
	private readonly unfolded = new Set<string>();
	private readonly keep: Set<string>;
	private chosen: string;
	private shown: Row[] = [];
	private readonly picture = h("div", { class: "tree-picture" });
	private readonly detail = h("div", { class: "tree-detail" });
	private width = 640; // of the picture, for cutting commands

	// marked is the process of the alert; what tells more of a process is added by beside.
	constructor(private readonly tree: Tree, private readonly marked: string, private readonly kind: string, private readonly beside: (p: Process) => Child) {
		this.roots = grow(tree.processes);
		this.chosen = tree.processes.some((p) => p.exec_id === marked) ? marked : (this.roots[0]?.process.exec_id ?? "");
		this.keep = new Set([marked]);
		for (let n = this.node(marked); n; n = n.up) this.keep.add(n.process.exec_id);
		if (this.roots.length > 0) this.root.append(this.picture);
		this.root.append(this.detail);
		this.draw();
		new ResizeObserver(([e]) => {
			const width = Math.floor(e!.contentRect.width);
			if (width === this.width) return;
			this.width = width;
			this.draw(this.picture.contains(document.activeElement));
		}).observe(this.picture);
	}

	private node(exec: string, among = this.roots): Node | undefined {
		for (const n of among) {
			const found = n.process.exec_id === exec ? n : this.node(exec, n.children);
			if (found) return found;
		}
		return undefined;
	}

	private draw(focus = false): void {
		this.shown = rows(this.roots, this.unfolded, this.keep);
		const deepest = Math.max(...this.shown.map((r) => r.node.depth), 0);
		const step = Math.min(24, 360 / (deepest + 1));
		const x = (n: Node): number => margin + n.depth * step;
		const y = (i: number): number => i * rowHeight + rowHeight / 2;
		const place = new Map(this.shown.flatMap((r, i) => (r.more ? [] : [[r.node, i] as const])));
		const lines = this.shown.map(({ node, more }, i) => {
			const up = node.up && place.get(node.up);
			if (up === undefined) return null;
			const from = x(node.up!);
			const bend = Math.min(6, step / 2);
			return s("path", { class: more ? "branch folded" : "branch", d: `M${from} ${y(up) + 6}V${y(i) - bend}q0 ${bend} ${bend} ${bend}H${x(node) - 6}` });
		});
		const items = this.shown.map((r, i) => (r.more ? this.folded(r, x(r.node), y(i)) : this.item(r.node, x(r.node), y(i))));
		const picture = s("svg", { width: "100%", height: this.shown.length * rowHeight, role: "tree", "aria-label": "Processes", keydown: (e: KeyboardEvent) => this.key(e) }, s("g", { "aria-hidden": "true" }, lines), items);
		put(this.picture, picture, this.tree.more && h("p", { class: "muted" }, "There are more processes than are shown."));
		this.tell();
		if (focus) this.picture.querySelector<SVGElement>("[aria-selected=true]")?.focus();
	}

	private item(n: Node, x: number, y: number): SVGElement {
		const p = n.process;
		const chosen = p.exec_id === this.chosen;
		const failed = p.ended && p.exit_code !== "" && p.exit_code !== "0";
		const tag = p.exec_id === this.marked ? "this alert" : failed ? `exit ${clipped(p.exit_code, 12)}` : "";
		const name = clipped(p.name || p.path || "unknown", 32);
		const end = `${tag ? `${tag} · ` : ""}${this.when(p)}`;
		const right = 30 + end.length * 6.6;
		const letters = Math.floor((this.width - x - 13 - right - name.length * 7.8 - `${p.pid}`.length * 7.5 - 18) / 7.25);
		const command = letters < 4 ? "" : clipped(p.command || p.path, letters);
		const hidden = `tree-${p.exec_id.replace(/[^0-9a-f]/g, "")}`;
		return s("g", {
			class: `process${chosen ? " chosen" : ""}${p.exec_id === this.marked ? ` marked ${this.kind}` : ""}${p.ended ? " ended" : ""}`,
			role: "treeitem", "aria-level": n.depth + 1, "aria-selected": String(chosen), "aria-label": `${name}, pid ${p.pid}, ${p.user}${tag ? `, ${tag}` : ""}`,
			tabindex: chosen ? 0 : -1, "data-exec": p.exec_id, click: () => this.choose(p.exec_id),
		},
			s("rect", { class: "row", x: 1, y: y - rowHeight / 2 + 1, width: "100%", height: rowHeight - 2, rx: 5 }),
			s("circle", { cx: x, cy: y, r: 5 }),
			s("clipPath", { id: hidden }, s("rect", { x: 0, y: y - rowHeight / 2, width: Math.max(this.width - right, 0), height: rowHeight })),
			s("text", { x: x + 13, y: y + 4.5, "clip-path": `url(#${hidden})` }, s("tspan", { class: "name" }, name), s("tspan", { class: "pid", dx: 8 }, `${p.pid}`), command && s("tspan", { class: "command", dx: 10 }, command)),
			s("text", { class: "end", x: "100%", dx: -10, y: y + 4.5, "text-anchor": "end" }, end));
	}

	// when is a time of day, or the day when it is another than the alert's.
	private when(p: Process): string {
		const [t, marked] = [new Date(p.time), this.node(this.marked)?.process.time];
		return !marked || day(t) === day(new Date(marked)) ? clock(t) : moment(t).slice(0, 16);
	}

	private folded(r: Row, x: number, y: number): SVGElement {
		const parent = r.node.up?.process.exec_id ?? "";
		const open = () => { this.unfolded.add(parent); this.draw(true); };
		return s("g", { class: "process more", role: "treeitem", "aria-level": r.node.depth + 1, tabindex: -1, click: open, keydown: (e: KeyboardEvent) => e.key === "Enter" && open() },
			s("rect", { class: "row", x: 1, y: y - rowHeight / 2 + 1, width: "100%", height: rowHeight - 2, rx: 5 }),
			s("text", { x: x + 13, y: y + 4.5 }, `${count(r.more)} more …`));
	}

	private choose(exec: string): void {
		this.chosen = exec;
		this.draw(true);
	}

	private key(e: KeyboardEvent): void {
		const items = [...this.picture.querySelectorAll<SVGElement>("[role=treeitem]")];
		const i = items.findIndex((x) => x === document.activeElement);
		const node = this.node(this.chosen);
		let to: SVGElement | undefined;
		switch (e.key) {
			case "ArrowDown": to = items[i + 1]; break;
			case "ArrowUp": to = items[i - 1]; break;
			case "Home": to = items[0]; break;
			case "End": to = items.at(-1); break;
			case "ArrowLeft": to = items.find((x) => x.dataset.exec === node?.up?.process.exec_id); break;
			case "ArrowRight": to = items.find((x) => x.dataset.exec === node?.children[0]?.process.exec_id); break;
			default: return;
		}
		e.preventDefault();
		if (to?.dataset.exec !== undefined) this.choose(to.dataset.exec);
		else to?.focus();
	}

	private tell(): void {
		const p = this.node(this.chosen)?.process;
		if (!p) {
			put(this.detail, h("p", { class: "empty" }, "The store has nothing of this process."));
			return;
		}
		put(this.detail, facts(
			["Program", host(p.path || p.name)],
			["Command", p.command && h("code", { class: "block" }, host(p.command))],
			["Process", `${p.pid} as ${clipped(p.user || "unknown", 60)}`],
			["Began", at(p.time)],
			["Ended", p.ended ? `${moment(new Date(p.ended))}${p.exit_code ? `, exit code ${clipped(p.exit_code, 20)}` : ""}` : "runs, as far as is known"],
		), this.beside(p));
	}
}
