package control_test

import (
	"bytes"
	"database/sql"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/argon2"

	"vigil/uplink/server/control"
)

// Passwords are kept as argon2id with a salt of their own, as OWASP's sheet asks for (19 MiB,
// two passes), and nowhere as they are.
func TestPasswordsAreArgon2id(t *testing.T) {
	dir := t.TempDir()
	place := filepath.Join(dir, "control.db")
	d := open(t, place, newClock())
	for _, name := range []string{"a", "b"} {
		_, err := d.AddUser(t.Context(), name, control.Viewer, password)
		must(t, err)
	}
	db, err := sql.Open("sqlite", place)
	must(t, err)
	defer func() { must(t, db.Close()) }()
	rows, err := db.QueryContext(t.Context(), "SELECT password FROM users")
	must(t, err)
	salts := map[string]bool{}
	for rows.Next() {
		var kept string
		must(t, rows.Scan(&kept))
		rest, ok := strings.CutPrefix(kept, "$argon2id$v=19$m=19456,t=2,p=1$")
		salt, key, two := strings.Cut(rest, "$")
		if !ok || !two {
			t.Fatalf("a password is kept as %q", kept)
		}
		salts[salt] = true
		raw, err := base64.RawStdEncoding.DecodeString(salt)
		must(t, err)
		if want := base64.RawStdEncoding.EncodeToString(argon2.IDKey([]byte(password), raw, 2, 19456, 1, 32)); key != want || len(raw) != 16 {
			t.Errorf("the key %q of %d bytes of salt, want %q", key, len(raw), want)
		}
	}
	must(t, rows.Err())
	if len(salts) != 2 {
		t.Errorf("%d salts of two users with the same password", len(salts))
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	must(t, err)
	for _, f := range files {
		content, err := os.ReadFile(f)
		must(t, err)
		if bytes.Contains(content, []byte(password)) {
			t.Errorf("%s has the password in it", f)
		}
	}
}
