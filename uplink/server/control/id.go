package control

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"sync"
	"time"
)

// Identifiers are 26 characters that sort by the time they were made: 48 bits of
// milliseconds, 80 of chance, in Crockford's base 32, as github.com/ulid/spec has it. Of
// one millisecond and one server they sort as they were made.
type ids struct {
	mu   sync.Mutex
	last [16]byte
}

// NewID makes an identifier.
func (d *DB) NewID() string { return d.ids.next(d.now()) }

func (g *ids) next(now time.Time) string {
	var b [16]byte
	rand.Read(b[6:]) // never fails: crypto/rand
	for i, t := 5, now.UnixMilli(); i >= 0; i, t = i-1, t>>8 {
		b[i] = byte(t)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if string(b[:6]) <= string(g.last[:6]) {
		b = g.last
		for i := len(b) - 1; i >= 0; i-- {
			if b[i]++; b[i] != 0 {
				break
			}
		}
	}
	g.last = b
	return encodeID(b)
}

// encodeID writes 128 bits as 26 digits of 5, the first of 3.
func encodeID(b [16]byte) string {
	const digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	padded := append([]byte{0, 0, 0, 0}, b[:]...) // 160 bits: 32 digits, of which the first 6 are 0
	return base32.NewEncoding(digits).EncodeToString(padded)[6:]
}

// NewSecret makes what only its holder can know: 32 bytes of chance.
func NewSecret() string {
	var b [32]byte
	rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// hashSecret is what is kept of a secret. It has 256 bits of chance, so that a plain hash
// cannot be searched.
func hashSecret(secret string) string {
	h := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(h[:])
}

// ms is a time as it is kept.
func ms(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// at scans a time that ms wrote.
type at struct{ *time.Time }

// Scan implements sql.Scanner.
func (a at) Scan(v any) error {
	n, ok := v.(int64)
	if !ok {
		return fmt.Errorf("a time is not a number but %T", v)
	}
	if *a.Time = (time.Time{}); n != 0 {
		*a.Time = time.UnixMilli(n).UTC()
	}
	return nil
}
