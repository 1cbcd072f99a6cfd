// What the API answers, as uplink/server/api/openapi.yaml has it.

import type { Body } from "./policy";

export type Role = "viewer" | "operator" | "approver" | "admin";
export type Status = "new" | "in_progress" | "closed" | "dismissed";

export interface User { id: string; name: string; role: Role; created: string; disabled?: string; seen?: string }
export interface Me { user: User; csrf?: string }

export interface Overview {
	alerts: { status: Status; severity: number; count: number }[];
	sensors: { total: number; silent: number; revoked: number };
	lost: number;
	dropped: number;
	rates: { events: number; bytes: number; refused: number };
	version: string;
}

export interface Alert {
	id: string; sensor: string; incident: string; rule: string; title: string; message: string; technique: string;
	host: string; process: string; exec_id: string; severity: number; first: string; last: string; count: number;
	status: Status; reason: string; assignee: string; changed: string; finding?: Finding;
}
export interface Comment { id: string; author: string; time: string; text: string }
export interface Suppression { id: string; rule: string; sensor: string; process: string; reason: string; author: string; created: string; expires?: string }

// Finding is OCSF's Detection Finding, of which all may be missing.
export interface Finding {
	finding_info?: { title?: string; analytic?: { uid?: string; desc?: string }; attacks?: { tactic?: Named; technique?: Named }[] };
	remediation?: { desc?: string };
	device?: { hostname?: string };
	actor?: { process?: Program };
	observables?: { type?: string; type_id?: number; value?: string }[];
	evidences?: { data?: OCSF }[];
}
export interface Named { uid?: string; name?: string }
export interface Program {
	pid?: number; uid?: string; name?: string; cmd_line?: string; working_directory?: string; created_time?: number;
	file?: { name?: string; path?: string }; user?: { uid?: string; name?: string }; container?: { uid?: string; image?: { name?: string } };
	ancestry?: Program[];
}
export type OCSF = { [name: string]: unknown };

export interface Event { time?: string; sensor?: string; kind?: string; event: OCSF }
export interface Events { events: Event[]; more: boolean }
export interface Bucket { time: string; kind: string; count: number }
export interface Process {
	exec_id: string; parent: string; previous: string; depth: number; kind: string; time: string; ended?: string;
	exit_code: string; pid: number; name: string; path: string; command: string; user: string;
}
export interface Tree { processes: Process[]; more: boolean }
export interface Search { id: string; name: string; query: string; author: string; created: string }

export interface Sensor {
	id: string; name: string; enrolled: string; seen: string; address: string; serial: string; expires: string; version: string;
	tier: string; lost: number; dropped: number; policy: string; policy_version: number; policy_followed: string; policy_refused: string; health: { [name: string]: unknown };
	revoked?: string; reason?: string; reported?: string;
}
export interface Policy { name: string; version: number; body: Body; note: string; author: string; created: string }
export interface Enrolment { id: string; note: string; author: string; created: string; expires: string; used?: string; sensor?: string }
export interface Token { id: string; name: string; user: string; role: Role; created: string; expires: string; used?: string }
export interface Export { id: string; name: string; kind: string; settings: { [name: string]: unknown }; enabled: boolean; author: string; changed: string; status: ExportStatus }
export interface ExportStatus {
	state: "running" | "disabled" | "starting" | "failed"; reason: string; destination: string; confirmed: string;
	offered: number; queued: number; delivered: number; undelivered: number; losses: { reason: string; items: number; alerts: number; last: string }[];
	attempts: number; failures: number; last_delivery?: string; failing_since?: string; last_error: string; last_error_at?: string; snapshot?: string;
}
export interface Entry { id: string; time: string; actor: string; role: string; address: string; action: string; target: string; detail: string; result: string }
