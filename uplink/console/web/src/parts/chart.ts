import { h, put, s } from "../dom";
import { about, clock, count, day, many } from "../text";
import type { Bucket } from "../types";

// The groups that kinds of events are shown in, in the order of their bands.
export const groups = ["Processes", "Files", "Network", "Kernel"] as const;
const network = new Set(["connect", "accept", "bind", "listen", "flow_end", "datagram", "raw_socket", "dns"]);
const processes = new Set(["exec", "exit", "fork", "process", "credentials", "signal", "rename_task", "ptrace", "process_vm", "namespace", "cgroup"]);

export function groupOf(kind: string): number {
	if (processes.has(kind)) return 0;
	if (kind.startsWith("file_")) return 1;
	return network.has(kind) ? 2 : 3;
}

// niceSteps are the lengths of a histogram's parts, in seconds.
const niceSteps = [1, 5, 10, 30, 60, 300, 600, 1800, 3600, 10_800, 21_600, 86_400, 604_800];

// stepFor gives the length of a part, so that there are about sixty.
export const stepFor = (from: Date, to: Date): number => niceSteps.find((n) => (to.getTime() - from.getTime()) / 1000 / n <= 75) ?? 2_592_000;

const [width, height, bottom, top] = [720, 150, 18, 8];

function ceiling(n: number): number {
	const unit = 10 ** Math.floor(Math.log10(Math.max(n, 1)));
	return [1, 2, 3, 4, 6, 8, 10].map((m) => m * unit).find((m) => m >= n) ?? n;
}

// histogram draws how many events there were, by time and group. zoom is called with the
// part that is chosen.
export function histogram(buckets: Bucket[], from: Date, to: Date, step: number, zoom?: (from: Date, to: Date) => void): HTMLElement {
	const start = Math.floor(from.getTime() / 1000 / step) * step;
	const parts = Array.from({ length: Math.max(1, Math.ceil((to.getTime() / 1000 - start) / step)) }, () => groups.map(() => 0));
	for (const b of buckets) {
		const part = parts[Math.floor((new Date(b.time).getTime() / 1000 - start) / step)];
		if (part) part[groupOf(b.kind)]! += b.count;
	}
	const sums = parts.map((p) => p.reduce((a, b) => a + b, 0));
	const most = ceiling(Math.max(...sums));
	const each = width / parts.length;
	const y = (n: number): number => top + (height - top - bottom) * (1 - n / most);
	const said = h("output", { class: "muted" });
	const long = to.getTime() - from.getTime() > 36 * 3600_000;
	const when = (i: number): string => { const t = new Date((start + i * step) * 1000); return long ? `${day(t)} ${clock(t).slice(0, 5)}` : clock(t); };
	const tell = (i: number) => put(said, `${when(i)}: ${many(sums[i]!, "event")}${sums[i] ? ` (${groups.map((g, k) => [g, parts[i]![k]!] as const).filter(([, n]) => n).map(([g, n]) => `${g.toLowerCase()} ${about(n)}`).join(", ")})` : ""}`);
	const pick = (i: number) => zoom?.(new Date((start + i * step) * 1000), new Date((start + (i + 1) * step) * 1000));
	const bars = parts.map((p, i) => {
		let sum = 0;
		return s("g", { class: "bar", mouseenter: () => tell(i), click: () => pick(i) },
			s("rect", { class: "hit", x: i * each, y: top, width: each, height: height - top - bottom }),
			p.map((n, k) => {
				const from = y(sum);
				sum += n;
				return n > 0 && s("rect", { class: `group-${k}`, x: i * each + Math.min(1, each * 0.1), y: y(sum), width: Math.max(each - Math.min(2, each * 0.2), 0.5), height: Math.max(from - y(sum), 0.5) });
			}));
	});
	const labels = [0, 0.25, 0.5, 0.75].map((part) => h("span", null, when(Math.floor(parts.length * part)).replace(/:00$/, "")));
	const total = sums.reduce((a, b) => a + b, 0);
	const rest = () => put(said, many(total, "event"));
	const picture = s("svg", { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", role: "img", "aria-label": `${many(total, "event")} by time; the most in ${step} s is ${count(Math.max(...sums))}`, class: zoom ? "histogram zooms" : "histogram", mouseleave: rest },
		[0.5, 1].map((part) => s("line", { class: "grid", x1: 0, x2: width, y1: y(most * part), y2: y(most * part) })),
		bars, s("line", { class: "axis", x1: 0, x2: width, y1: height - bottom, y2: height - bottom }));
	rest();
	return h("figure", { class: "chart" },
		h("figcaption", null, said, h("span", { class: "legend" }, groups.map((g, k) => h("span", null, h("i", { class: `group-${k}` }), g)))),
		h("div", { class: "plot" }, picture, h("span", { class: "scale" }, about(most)), h("div", { class: "labels" }, labels, h("span", null, long ? day(to) : clock(to).slice(0, 5)))));
}

// spark draws the last values as a line.
export function spark(values: number[], label: string): SVGSVGElement {
	const [w, tall, room] = [160, 32, 60];
	const most = Math.max(...values, 1);
	const points = values.slice(-room).map((v, i, all) => `${((i / Math.max(all.length - 1, 1)) * w).toFixed(1)},${(tall - 2 - (v / most) * (tall - 4)).toFixed(1)}`);
	return s("svg", { class: "spark", viewBox: `0 0 ${w} ${tall}`, preserveAspectRatio: "none", role: "img", "aria-label": label }, s("polyline", { points: points.join(" ") }));
}
