// Package api is the server's side for people and programs: the console and scripts use
// the same routes. What they are stands in one table (routes.go) with the role that each
// needs, and in openapi.yaml, which a test compares with the table and with what the
// handlers answer.
//
// A person logs in and has a cookie, and sends the session's token (X-CSRF-Token) with
// what changes something; a program sends an API token as bearer. All that changes
// something is written to the audit log before it is done, and so is who searched events.
package api
