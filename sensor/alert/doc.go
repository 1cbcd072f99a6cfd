// Package alert makes alerts of findings: it folds what is the same into one with a
// count, groups what belongs together into incidents, and dismisses what nobody wants
// to be told of. Its memory is bounded, and its clock is that of the events.
package alert
