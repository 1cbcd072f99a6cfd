package ingest

import (
	"encoding/binary"
	"errors"
	"fmt"

	"vigil/uplink/server/control"
	"vigil/uplink/ship/protocol"
)

// Envelope is a batch as it lies in the server's spool: whose it is, and its body as the
// sensor encoded it.
type Envelope struct {
	control.Key
	Class protocol.Class
	Body  []byte
}

// envelopeVersion begins every envelope: a later form has another.
const envelopeVersion = 1

// Append writes it.
func (e *Envelope) Append(dst []byte) []byte {
	class := byte(0)
	if e.Class == protocol.Alerts {
		class = 1
	}
	dst = append(dst, envelopeVersion, class, byte(len(e.Sensor)))
	dst = append(dst, e.Sensor...)
	dst = binary.BigEndian.AppendUint64(dst, e.Epoch)
	dst = binary.BigEndian.AppendUint64(dst, e.Sequence)
	return append(dst, e.Body...)
}

// ReadEnvelope reads it; the body is a part of b.
func ReadEnvelope(b []byte) (e Envelope, err error) {
	if len(b) < 3 {
		return e, errors.New("read envelope: cut off")
	}
	if b[0] != envelopeVersion {
		return e, fmt.Errorf("read envelope: version %d, this server knows %d", b[0], envelopeVersion)
	}
	switch b[1] {
	case 0:
		e.Class = protocol.Events
	case 1:
		e.Class = protocol.Alerts
	default:
		return e, fmt.Errorf("read envelope: class %d", b[1])
	}
	n := int(b[2])
	if len(b) < 3+n+16 {
		return e, errors.New("read envelope: cut off")
	}
	e.Sensor = string(b[3 : 3+n])
	e.Epoch, e.Sequence = binary.BigEndian.Uint64(b[3+n:]), binary.BigEndian.Uint64(b[3+n+8:])
	e.Body = b[3+n+16:]
	return e, nil
}
