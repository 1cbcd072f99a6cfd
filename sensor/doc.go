// Package sensor is the agent: it takes records from the kernel, gives each its
// process, container and user, lets the judges look, and hands all to sinks.
//
// One goroutine, the pipeline, owns the rings, the process table and the judges;
// everybody else asks it (Sensor.Status, Sensor.Processes) and gets copies.
package sensor
