// Package capture proves what the kernel programs promise, against witnesses
// that know nothing of them. The same tests run on this machine (tracepoint
// tier, scoped to what the test starts) and as a static binary inside every
// virtual machine of the kernel matrix, in each tier that the kernel allows
// (VIGIL_TIER).
package capture
