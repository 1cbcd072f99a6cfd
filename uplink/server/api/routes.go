package api

import "vigil/uplink/server/control"

// Route is a request that is answered.
type Route struct {
	Method, Path string
	Name         string       // in the audit log, and the operation's in openapi.yaml
	Role         control.Role // who may, at least; "": anybody, without logging in
	Audited      bool         // though it changes nothing
	do           func(*API, *call) (any, error)
}

// writes tells whether the route changes something.
func (r *Route) writes() bool { return r.Method != "GET" }

// Routes is all there is: who may do what is decided here and nowhere else.
func Routes() []Route {
	const anybody = control.Role("")
	return []Route{
		{"GET", "/v1/health", "health", anybody, false, (*API).health},
		{"GET", "/v1/openapi.json", "openapi", anybody, false, (*API).openapi},
		{"POST", "/v1/login", "login", anybody, true, (*API).login},

		{"POST", "/v1/logout", "logout", control.Viewer, true, (*API).logout},
		{"GET", "/v1/me", "me", control.Viewer, false, (*API).me},
		{"POST", "/v1/me/password", "me.password", control.Viewer, true, (*API).setPassword},
		{"GET", "/v1/overview", "overview", control.Viewer, false, (*API).overview},
		{"GET", "/v1/metrics", "metrics", control.Viewer, false, (*API).metrics},
		{"GET", "/v1/live", "live", control.Viewer, false, (*API).live},

		{"GET", "/v1/alerts", "alerts.list", control.Viewer, false, (*API).alerts},
		{"GET", "/v1/alerts.csv", "alerts.csv", control.Viewer, true, (*API).alertsCSV},
		{"GET", "/v1/alerts/{id}", "alerts.get", control.Viewer, false, (*API).alert},
		{"PATCH", "/v1/alerts/{id}", "alerts.change", control.Operator, true, (*API).changeAlert},
		{"GET", "/v1/assignees", "assignees", control.Viewer, false, (*API).assignees},
		{"GET", "/v1/suppressions", "suppressions.list", control.Viewer, false, (*API).suppressions},
		{"POST", "/v1/suppressions", "suppressions.add", control.Approver, true, (*API).suppress},
		{"DELETE", "/v1/suppressions/{id}", "suppressions.delete", control.Approver, true, (*API).deleteSuppression},

		{"GET", "/v1/events", "events.search", control.Viewer, true, (*API).events},
		{"GET", "/v1/events/histogram", "events.histogram", control.Viewer, false, (*API).histogram},
		{"GET", "/v1/sensors/{id}/tree/{exec}", "events.tree", control.Viewer, false, (*API).tree},
		{"GET", "/v1/sensors/{id}/timeline", "events.timeline", control.Viewer, false, (*API).timeline},
		{"GET", "/v1/searches", "searches.list", control.Viewer, false, (*API).searches},
		{"POST", "/v1/searches", "searches.add", control.Operator, true, (*API).saveSearch},
		{"DELETE", "/v1/searches/{id}", "searches.delete", control.Operator, true, (*API).deleteSearch},

		{"GET", "/v1/sensors", "sensors.list", control.Viewer, false, (*API).sensors},
		{"GET", "/v1/sensors/{id}", "sensors.get", control.Viewer, false, (*API).sensor},
		{"POST", "/v1/sensors/{id}/revoke", "sensors.revoke", control.Approver, true, (*API).revoke},
		{"PUT", "/v1/sensors/{id}/policy", "sensors.policy", control.Approver, true, (*API).setSensorPolicy},
		{"GET", "/v1/policies", "policies.list", control.Viewer, false, (*API).policies},
		{"GET", "/v1/policies/{name}", "policies.get", control.Viewer, false, (*API).policyVersions},
		{"PUT", "/v1/policies/{name}", "policies.put", control.Approver, true, (*API).putPolicy},

		{"GET", "/v1/enrolments", "enrolments.list", control.Admin, false, (*API).enrolments},
		{"POST", "/v1/enrolments", "enrolments.add", control.Admin, true, (*API).addEnrolment},
		{"DELETE", "/v1/enrolments/{id}", "enrolments.delete", control.Admin, true, (*API).deleteEnrolment},
		{"GET", "/v1/users", "users.list", control.Admin, false, (*API).users},
		{"POST", "/v1/users", "users.add", control.Admin, true, (*API).addUser},
		{"PATCH", "/v1/users/{id}", "users.change", control.Admin, true, (*API).changeUser},
		{"GET", "/v1/tokens", "tokens.list", control.Viewer, false, (*API).tokens},
		{"POST", "/v1/tokens", "tokens.add", control.Viewer, true, (*API).addToken},
		{"DELETE", "/v1/tokens/{id}", "tokens.delete", control.Viewer, true, (*API).deleteToken},
		{"GET", "/v1/exports", "exports.list", control.Admin, false, (*API).exports},
		{"POST", "/v1/exports", "exports.add", control.Admin, true, (*API).addExport},
		{"PUT", "/v1/exports/{id}", "exports.change", control.Admin, true, (*API).changeExport},
		{"DELETE", "/v1/exports/{id}", "exports.delete", control.Admin, true, (*API).deleteExport},
		{"POST", "/v1/exports/{id}/test", "exports.test", control.Admin, true, (*API).testExport},
		{"GET", "/v1/audit", "audit", control.Admin, true, (*API).audit},
	}
}
