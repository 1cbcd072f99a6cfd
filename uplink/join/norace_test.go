//go:build !race

package join

const race = false
