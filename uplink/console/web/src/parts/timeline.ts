import { h, put } from "../dom";
import { fields, kindOf, summary, whoOf } from "../event";
import { clipped, day, precise } from "../text";
import type { Event } from "../types";

// line shows an event that can be opened to see all of it.
export function line(e: Event, marks: { alert?: boolean } = {}): HTMLElement {
	const kind = kindOf(e.event, e.kind);
	const time = e.time ? new Date(e.time) : undefined;
	const inside = h("div");
	const d = h("details", { class: `event${marks.alert ? " is-alert" : ""}`, toggle: () => { if (d.open && !inside.hasChildNodes()) put(inside, fields(e.event)); } },
		h("summary", null,
			h("time", time ? { datetime: e.time!, title: `${day(time)} ${precise(time)}` } : null, time ? precise(time) : ""),
			h("span", { class: "kind" }, kind.replaceAll("_", " ")),
			h("span", { class: "who" }, clipped(whoOf(e.event), 24)),
			h("span", { class: "what" }, summary(e.event, kind))),
		inside);
	return d;
}

// timeline shows events under each other, days apart where they change.
export function timeline(events: Event[], isAlert: (e: Event) => boolean, empty: string): HTMLElement {
	if (events.length === 0) return h("p", { class: "empty" }, empty);
	let last = "";
	return h("div", { class: "timeline" }, events.map((e) => {
		const today = e.time ? day(new Date(e.time)) : "";
		const heading = today !== last && h("h3", { class: "day" }, today);
		last = today;
		return [heading, line(e, { alert: isAlert(e) })];
	}));
}
