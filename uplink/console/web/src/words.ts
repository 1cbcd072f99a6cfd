import { h, type Child } from "./dom";
import type { Role, Sensor, Status } from "./types";

const severities = ["Unknown", "Informational", "Low", "Medium", "High", "Critical", "Fatal"];

export const severityWord = (n: number): string => severities[n] ?? "Unknown";
export const severityClass = (n: number): string => `severity-${severityWord(n).toLowerCase()}`;

// severity shows one by colour and word.
export const severity = (n: number): HTMLElement => h("span", { class: `severity ${severityClass(n)}` }, severityWord(n));

const statuses: Record<Status, string> = { new: "New", in_progress: "In progress", closed: "Closed", dismissed: "Dismissed" };

export const statusWord = (s: Status): string => statuses[s] ?? s;
export const status = (s: Status): HTMLElement => h("span", { class: `status status-${s}` }, statusWord(s));

export type Health = "healthy" | "silent" | "revoked" | "losing";

// healthOf says in a word how a sensor is: it reports each minute, and is silent after five.
export function healthOf(s: Sensor, now = Date.now()): Health {
	if (s.revoked) return "revoked";
	if (now - new Date(s.seen).getTime() > 5 * 60_000) return "silent";
	return s.dropped > 0 ? "losing" : "healthy";
}

const healths: Record<Health, string> = { healthy: "Healthy", silent: "Silent", revoked: "Revoked", losing: "Dropping" };
export const health = (of: Health): HTMLElement => h("span", { class: `health health-${of}` }, healths[of]);

const ranks: Role[] = ["viewer", "operator", "approver", "admin"];

// may tells whether who has a role may do what needs another.
export const may = (role: Role, least: Role): boolean => ranks.indexOf(role) >= ranks.indexOf(least);

// facts shows names and values in two columns.
export function facts(...rows: [string, Child][]): HTMLElement {
	return h("dl", { class: "facts" }, rows.filter(([, v]) => v !== null && v !== undefined && v !== "" && v !== false).map(([name, value]) => [h("dt", null, name), h("dd", null, value)]));
}
