import type { Process } from "./types";

// Node is a process of a tree as it is drawn.
export interface Node {
	process: Process;
	children: Node[];
	up: Node | undefined;
	depth: number;
}

// grow makes trees of processes: a process hangs below the image that it had before, or
// below what made it. A fork that only became another image is not shown.
export function grow(processes: Process[]): Node[] {
	const nodes = new Map<string, Node>();
	for (const process of processes) nodes.set(process.exec_id, { process, children: [], up: undefined, depth: 0 });
	const roots: Node[] = [];
	for (const n of nodes.values()) {
		const up = nodes.get(n.process.previous) ?? nodes.get(n.process.parent);
		if (!up || up === n || above(up, n)) {
			roots.push(n);
			continue;
		}
		n.up = up;
		up.children.push(n);
	}
	const order = (a: Node, b: Node) => Date.parse(a.process.time) - Date.parse(b.process.time);
	return roots.sort(order).map((r) => settle(r, 0, order));
}

// above tells whether n is an ancestor of what it is to hang below: hostile IDs could go in rings.
function above(from: Node, n: Node): boolean {
	for (let x: Node | undefined = from; x; x = x.up) if (x === n) return true;
	return false;
}

function settle(n: Node, depth: number, order: (a: Node, b: Node) => number): Node {
	for (let only = n.children[0]; n.process.kind === "fork" && n.children.length === 1 && only && only.process.previous === n.process.exec_id; only = n.children[0]) {
		n.process = only.process;
		n.children = only.children;
	}
	n.depth = depth;
	n.children.sort(order);
	n.children = n.children.map((c) => {
		c.up = n;
		return settle(c, depth + 1, order);
	});
	return n;
}

export interface Row {
	node: Node;
	more: number; // siblings of the node that are not shown
}

// most is how many children of one process are shown until somebody asks for all.
const most = 12;

// rows lists what is drawn, from above; of many children only the first, unless the parent is unfolded.
export function rows(roots: Node[], unfolded: Set<string>, keep: Set<string>): Row[] {
	const all: Row[] = [];
	const walk = (nodes: Node[], parent: string) => {
		const folded = nodes.length > most + 2 && !unfolded.has(parent);
		const shown = folded ? nodes.filter((n, i) => i < most || keep.has(n.process.exec_id)) : nodes;
		shown.forEach((n, i) => {
			all.push({ node: n, more: 0 });
			walk(n.children, n.process.exec_id);
			if (folded && i === shown.length - 1) all.push({ node: n, more: nodes.length - shown.length });
		});
	};
	walk(roots, "");
	return all;
}
