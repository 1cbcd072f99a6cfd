package protocol

import "vigil/uplink/batch"

// Batch is the class as blocks and spools have it.
func (c Class) Batch() batch.Class {
	if c == Alerts {
		return batch.Alerts
	}
	return batch.Events
}

// ClassOf is the class as hosts tell each other.
func ClassOf(c batch.Class) Class {
	if c == batch.Alerts {
		return Alerts
	}
	return Events
}
