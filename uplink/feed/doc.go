// Package feed makes batches of what a sensor sees and lays them into its spool: events
// when many have come or a second has passed, alerts at once.
//
// Who hands over an event never waits: blocks go to the spool by a goroutine of the
// feed's, and while the disk is slow, events gather in memory, up to a bound. What finds
// no room then is counted.
package feed
