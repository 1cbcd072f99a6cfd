package protocol

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
)

// Token is what an administrator hands to a host: leave to enrol once, and the hash of
// the authority that the server must show, so that the first contact is pinned too.
type Token struct {
	Secret    string
	Authority [sha256.Size]byte // SHA-256 of the authority's certificate, DER
}

const tokenPrefix = "vigil-enrol"

// String writes the token as vigil-enrol.SECRET.HASH.
func (t Token) String() string {
	return tokenPrefix + "." + t.Secret + "." + base64.RawURLEncoding.EncodeToString(t.Authority[:])
}

// ParseToken reads it.
func ParseToken(s string) (t Token, err error) {
	parts := strings.Split(strings.TrimSpace(s), ".")
	if len(parts) != 3 || parts[0] != tokenPrefix || parts[1] == "" || len(parts[1]) > 128 {
		return t, fmt.Errorf("parse token: it has not the form %s.SECRET.HASH", tokenPrefix)
	}
	hash, err := base64.RawURLEncoding.Strict().DecodeString(parts[2])
	if err != nil || len(hash) != len(t.Authority) {
		return t, fmt.Errorf("parse token: its last part is no hash of an authority: is it cut off?")
	}
	t.Secret = parts[1]
	copy(t.Authority[:], hash)
	return t, nil
}

// Pins tells whether a certificate is the authority that the token names.
func (t Token) Pins(der []byte) bool {
	hash := sha256.Sum256(der)
	return subtle.ConstantTimeCompare(hash[:], t.Authority[:]) == 1
}
