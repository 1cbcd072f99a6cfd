import { h } from "./dom";

// What shows nothing, or moves what is beside it: control characters, marks of direction,
// fillers and tags. Hosts send them to hide what a name or a command is.
const odd = /[\u0000-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\ufffe\uffff\u{e0000}-\u{e01ef}]/gu;

const names: Record<string, string> = { "\n": "\\n", "\r": "\\r", "\t": "\\t", "\u0000": "\\0", "\u001b": "\\e" };

function named(c: string): string {
	return names[c] ?? `U+${c.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}`;
}

// plain is text of a host as one line without what is odd.
export const plain = (text: string): string => text.replace(odd, (c) => (c === "\n" || c === "\t" ? " " : `‹${named(c)}›`));

// clipped is plain text of at most so many characters.
export function clipped(text: string, most: number): string {
	const all = [...plain(text.slice(0, 4 * most))];
	return all.length > most || text.length > 4 * most ? `${all.slice(0, most - 1).join("")}…` : all.join("");
}

// host shows what a host sent: as text, in its own direction, its odd characters visible.
export function host(text: string, most = 10_000): HTMLElement {
	const e = h("bdi", { class: "host" });
	const shown = text.slice(0, most);
	let at = 0;
	for (const m of shown.matchAll(odd)) {
		e.append(shown.slice(at, m.index), h("span", { class: "odd", title: "a character that would not be seen" }, named(m[0])));
		at = m.index + m[0].length;
	}
	e.append(shown.slice(at));
	if (text.length > most) e.append(h("span", { class: "odd" }, `… ${count(text.length - most)} more`));
	return e;
}

const whole = new Intl.NumberFormat("en");
const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

export const count = (n: number): string => whole.format(n);
export const about = (n: number): string => (Math.abs(n) < 10_000 ? whole.format(Math.round(n * 10) / 10) : short.format(n));
export const many = (n: number, one: string, more = `${one}s`): string => `${count(n)} ${n === 1 ? one : more}`;

const two = (n: number): string => String(n).padStart(2, "0");

export const day = (t: Date): string => `${t.getFullYear()}-${two(t.getMonth() + 1)}-${two(t.getDate())}`;
export const clock = (t: Date): string => `${two(t.getHours())}:${two(t.getMinutes())}:${two(t.getSeconds())}`;
export const precise = (t: Date): string => `${clock(t)}.${String(t.getMilliseconds()).padStart(3, "0")}`;
export const moment = (t: Date): string => `${day(t)} ${clock(t)}`;

// ago tells how long ago a time was, or is to come.
export function ago(t: Date, now = new Date()): string {
	const seconds = (now.getTime() - t.getTime()) / 1000;
	const past = seconds >= 0 ? (x: string) => `${x} ago` : (x: string) => `in ${x}`;
	const n = Math.abs(seconds);
	if (n < 5) return "now";
	if (n < 100) return past(`${Math.round(n)} s`);
	if (n < 5400) return past(`${Math.round(n / 60)} min`);
	if (n < 129_600) return past(`${Math.round(n / 3600)} h`);
	return past(`${Math.round(n / 86_400)} days`);
}

// since shows how long ago a time was, and when.
export function since(time: string | undefined): HTMLElement {
	if (!time || time.startsWith("0001")) return h("span", { class: "muted" }, "never");
	const t = new Date(time);
	return h("time", { datetime: time, title: moment(t) }, ago(t));
}

export function at(time: string): HTMLElement {
	return h("time", { datetime: time, title: time }, moment(new Date(time)));
}
