// Package drill plays the playbooks of sensor/simulate before a sensor, watches for
// their alerts, and measures how long they take. It judges by what the sensor tells
// on its socket, as any other reader would.
package drill
