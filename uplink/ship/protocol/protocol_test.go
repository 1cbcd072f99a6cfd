package protocol

import (
	"net/http"
	"strings"
	"testing"
)

func TestTokenSays(t *testing.T) {
	whole := Token{Secret: "secret", Authority: [32]byte{1, 2, 3}}
	back, err := ParseToken(" " + whole.String() + "\n")
	if err != nil || back != whole {
		t.Fatalf("%v is read as %v: %v", whole, back, err)
	}
	for _, bad := range []string{"", "vigil-enrol.a", "other.a." + strings.Split(whole.String(), ".")[2], whole.String()[:40], whole.String() + "A", "vigil-enrol.." + strings.Split(whole.String(), ".")[2]} {
		if _, err := ParseToken(bad); err == nil {
			t.Errorf("%q is taken for a token", bad)
		}
	}
}

func FuzzToken(f *testing.F) {
	f.Add(Token{Secret: "secret"}.String())
	f.Fuzz(func(t *testing.T, s string) {
		token, err := ParseToken(s)
		if err == nil && token.String() != strings.TrimSpace(s) {
			t.Fatalf("%q is read as %q", s, token)
		}
	})
}

func TestBatchHeaders(t *testing.T) {
	body := []byte("body")
	h := http.Header{}
	want := ID{Epoch: 1<<64 - 1, Sequence: 7, Class: Alerts}
	want.Write(h, body)
	if got, err := ReadID(h); err != nil || got != want {
		t.Fatalf("%v is read as %v: %v", want, got, err)
	}
	if err := CheckSum(h, body); err != nil {
		t.Error(err)
	}
	if err := CheckSum(h, []byte("bodz")); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("a damaged body: %v", err)
	}
	for name, value := range map[string]string{headerEpoch: "1", headerSequence: "0", headerClass: "else"} {
		bad := h.Clone()
		bad.Set(name, value)
		if _, err := ReadID(bad); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s %s: %v", name, value, err)
		}
	}
}

func FuzzBatchHeaders(f *testing.F) {
	f.Add("00000000000000ff", "1", "events", "00000000")
	f.Fuzz(func(t *testing.T, epoch, sequence, class, sum string) {
		h := http.Header{headerEpoch: {epoch}, headerSequence: {sequence}, headerClass: {class}, headerChecksum: {sum}}
		id, err := ReadID(h)
		if err != nil {
			return
		}
		again := http.Header{}
		id.Write(again, nil)
		if back, err := ReadID(again); err != nil || back != id {
			t.Fatalf("%v is read as %v: %v", id, back, err)
		}
	})
}
