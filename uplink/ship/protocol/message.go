package protocol

import (
	"encoding/json"
	"fmt"
	"hash/crc32"
	"net/http"
	"strconv"
	"time"
)

// The paths of the server's side for sensors.
const (
	PathEnrol   = "/v1/enrol"
	PathRenew   = "/v1/renew"
	PathBatches = "/v1/batches"
	PathDrops   = "/v1/drops"
	PathReport  = "/v1/report"
	PathPolicy  = "/v1/policy"
)

// ServerName is in every server's certificate, whatever else it is reached by: what
// makes it the server is the authority that the sensor pins.
const ServerName = "vigil-server"

// MaxBatch is the most bytes of a batch's body.
const MaxBatch = 8 << 20

// MaxWait is the longest that a request for a policy waits.
const MaxWait = 55 * time.Second

// Class is what a batch holds.
type Class string

// The classes.
const (
	Events Class = "events"
	Alerts Class = "alerts"
)

// ID is what a batch's headers say.
type ID struct {
	Epoch    uint64
	Sequence uint64
	Class    Class
}

// The headers of a batch. The checksum is CRC-32C (Castagnoli) of the body: TLS guards
// the way, this the memory and disk at both of its ends.
const (
	headerEpoch    = "Vigil-Epoch"
	headerSequence = "Vigil-Sequence"
	headerClass    = "Vigil-Class"
	headerChecksum = "Vigil-Checksum"
)

func checksum(body []byte) uint32 { return crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli)) }

// Write sets the headers for a body.
func (id ID) Write(h http.Header, body []byte) {
	h.Set(headerEpoch, fmt.Sprintf("%016x", id.Epoch))
	h.Set(headerSequence, strconv.FormatUint(id.Sequence, 10))
	h.Set(headerClass, string(id.Class))
	h.Set(headerChecksum, fmt.Sprintf("%08x", checksum(body)))
}

// ReadID reads the headers of a batch.
func ReadID(h http.Header) (id ID, err error) {
	if id.Epoch, err = strconv.ParseUint(h.Get(headerEpoch), 16, 64); err != nil || len(h.Get(headerEpoch)) != 16 {
		return id, fmt.Errorf("header %s: 16 hexadecimal digits are wanted", headerEpoch)
	}
	if id.Sequence, err = strconv.ParseUint(h.Get(headerSequence), 10, 64); err != nil || id.Sequence == 0 {
		return id, fmt.Errorf("header %s: a number from 1 is wanted", headerSequence)
	}
	if id.Class = Class(h.Get(headerClass)); id.Class != Events && id.Class != Alerts {
		return id, fmt.Errorf("header %s: %s or %s is wanted", headerClass, Events, Alerts)
	}
	return id, nil
}

// CheckSum compares a body with the header's checksum.
func CheckSum(h http.Header, body []byte) error {
	want, err := strconv.ParseUint(h.Get(headerChecksum), 16, 32)
	if err != nil || len(h.Get(headerChecksum)) != 8 {
		return fmt.Errorf("header %s: 8 hexadecimal digits are wanted", headerChecksum)
	}
	if got := checksum(body); got != uint32(want) {
		return fmt.Errorf("the body's checksum is %08x, not %08x: it was damaged on the way", got, want)
	}
	return nil
}

// Enrol is the body of PathEnrol; the token's secret goes along as bearer.
type Enrol struct {
	Request string `json:"request"` // PEM of a certificate request, PKCS #10
	Name    string `json:"name"`    // of the host
	Version string `json:"version"`
}

// Renew is the body of PathRenew.
type Renew struct {
	Request string `json:"request"`
}

// Identity is the answer to both.
type Identity struct {
	Sensor      string    `json:"sensor"`
	Certificate string    `json:"certificate"` // PEM
	Authority   string    `json:"authority"`   // PEM: what the server's certificate is checked by
	Expires     time.Time `json:"expires"`
}

// Drop is batches of a sensor's spool that were let go: of those from First to Last, as
// many as Batches says. One batch alone that came to the server after all counts as none.
type Drop struct {
	ID      uint64    `json:"-"`     // of the sensor's own: rises
	Epoch   string    `json:"epoch"` // 16 hexadecimal digits
	First   uint64    `json:"first"`
	Last    uint64    `json:"last"`
	Class   Class     `json:"class"`
	Reason  string    `json:"reason"`
	Batches uint64    `json:"batches"`
	Events  uint64    `json:"events"`
	Time    time.Time `json:"time"`

	// Gone are those from First to Last that never come any more, from and to: there may be
	// others in between, of the other class for example, that will.
	Gone [][2]uint64 `json:"gone,omitempty"`
}

// Report is a sensor's health: what the server shows in lists, and the rest as it is.
type Report struct {
	Version string          `json:"version"`
	Tier    string          `json:"tier"`
	Lost    uint64          `json:"lost"`
	Policy  int64           `json:"policy"`           // the version that it follows
	Follows string          `json:"follows,omitzero"` // the name of that policy
	Refused string          `json:"refused,omitzero"` // which one it does not follow, and why
	Health  json.RawMessage `json:"health,omitempty"`
}

// Policy is the answer of PathPolicy.
type Policy struct {
	Name    string          `json:"name"`
	Version int64           `json:"version"`
	Body    json.RawMessage `json:"body"`
}

// Tag is a policy's ETag.
func (p Policy) Tag() string { return fmt.Sprintf("%q", p.Name+"-"+strconv.FormatInt(p.Version, 10)) }

// String names it in sentences.
func (p Policy) String() string { return fmt.Sprintf("policy %s, version %d", p.Name, p.Version) }

// Problem is the body of an answer that refuses, as RFC 9457 has it.
type Problem struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"`
}

// ProblemType is its Content-Type.
const ProblemType = "application/problem+json"

// Refuse answers with a problem.
func Refuse(w http.ResponseWriter, status int, detail string) {
	w.Header().Set("Content-Type", ProblemType)
	w.WriteHeader(status)
	// Whom the answer does not reach has gone.
	_ = json.NewEncoder(w).Encode(Problem{http.StatusText(status), status, detail})
}
