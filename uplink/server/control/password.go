package control

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
)

// Passwords are kept as argon2id in the form of its reference program, which carries its
// parameters: 19 MiB and two passes are what OWASP's password storage sheet asks for.
const (
	hashMemory = 19 << 10 // KiB
	hashPasses = 2
	hashLength = 32
	saltLength = 16

	minPassword = 12
	maxPassword = 256
)

// hashing bounds the memory of passwords that are tried at once.
type hashing chan struct{}

func (h hashing) hash(password string) string {
	salt := make([]byte, saltLength)
	rand.Read(salt)
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=1$%s$%s", argon2.Version, hashMemory, hashPasses,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(h.key(password, salt, hashMemory, hashPasses, 1, hashLength)))
}

func (h hashing) key(password string, salt []byte, memory, passes uint32, threads uint8, length uint32) []byte {
	h <- struct{}{}
	defer func() { <-h }()
	return argon2.IDKey([]byte(password), salt, passes, memory, threads, length)
}

// matches tells whether the password is the one that was hashed.
func (h hashing) matches(password, hash string) bool {
	var version int
	var memory, passes uint32
	var threads uint8
	var rest string
	if _, err := fmt.Sscanf(hash, "$argon2id$v=%d$m=%d,t=%d,p=%d$%s", &version, &memory, &passes, &threads, &rest); err != nil || version != argon2.Version {
		return false
	}
	if len(rest) <= 22 || rest[22] != '$' { // 16 bytes of salt are 22 characters
		return false
	}
	salt, err := base64.RawStdEncoding.DecodeString(rest[:22])
	if err != nil {
		return false
	}
	want, err := base64.RawStdEncoding.DecodeString(rest[23:])
	if err != nil || len(want) != hashLength {
		return false
	}
	return subtle.ConstantTimeCompare(h.key(password, salt, memory, passes, threads, hashLength), want) == 1
}

// checkPassword tells what is wrong with a new one: length is what counts
// (NIST SP 800-63B, 3.1.1.2).
func checkPassword(user, password string) error {
	switch n := utf8.RuneCountInString(password); {
	case !utf8.ValidString(password):
		return fmt.Errorf("%w: a password is text", ErrInvalid)
	case n < minPassword:
		return fmt.Errorf("%w: a password has at least %d characters", ErrInvalid, minPassword)
	case n > maxPassword:
		return fmt.Errorf("%w: a password has at most %d characters", ErrInvalid, maxPassword)
	case password == user:
		return fmt.Errorf("%w: a password is not the user's name", ErrInvalid)
	}
	return nil
}
