// Package detect holds what judgements have in common: the finding, and the alert that
// is made of it. The judges are its sub-packages; they take events and state in, give
// findings out, and touch neither the host nor the clock.
package detect
