//go:build race

package join

const race = true // the detector takes memory of its own
