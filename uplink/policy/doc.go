// Package policy is what a server tells its sensors to do: the one definition that the
// server checks before it takes a version, and the sensor reads to follow it. docs/policies.md
// says it with examples.
//
// A server checks as far as it can without the sensor: names of kinds, filters, dates, that
// nothing is missing. Whether a rule of Sigma is one, and whether there is a protection of a
// name, only the sensor knows: it follows a policy whole, or refuses it whole and says why.
package policy
