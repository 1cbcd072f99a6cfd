// Package e2e tests sensor, server and what people ask together, as `vigil up` runs them.
package e2e
