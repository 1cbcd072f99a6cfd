package decode_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"vigil/decode"
	"vigil/decode/recordtest"
)

// hostile are names that a program may give itself or its files.
func hostile() []string {
	return []string{
		"\x1b]0;owned\x07", "\x1b[2J\x1b[H", "a\nb\tc\rd", "a\x00b", "\xff\xfe", "ok\xc3", "\xc2\x9b31m", "\u202egpj.exe", "a\u200bb",
		`quo"te\back`, "caf\u00e9 \u4e16\u754c", "\U0001f600", "\ufffd", "\u2028", "\ufeff", "\U000e0041", "\x7f", "it's", "",
		"<script>&", strings.Repeat("\xed\xa0\x80", 3),
	}
}

func rename(comm string) decode.Record {
	return recordtest.Decoded(decode.KindRenameTask, decode.RenameTask{}, []byte(comm))
}

// What JSON shows is the name, or U+FFFD for its broken bytes with all bytes beside it.
func TestJSONKeepsHostileNames(t *testing.T) {
	for _, name := range hostile() {
		v := parsed(t, rename(name), nil)
		got, raw := at(v, "process.name"), at(v, "process.name_hex")
		if name == "" {
			name = "<none>"
		}
		if valid := strings.ToValidUTF8(name, "") == name; valid {
			if got != name || raw != "<none>" {
				t.Errorf("%q: shown as %q, hex %s", name, got, raw)
			}
			continue
		}
		b, err := hex.DecodeString(raw)
		if err != nil || string(b) != name || !strings.Contains(got, "\ufffd") {
			t.Errorf("%q: shown as %q, hex %s", name, got, raw)
		}
	}
}

// Nothing that acts on a terminal comes out, in neither form.
func TestOutputIsTame(t *testing.T) {
	for _, name := range hostile() {
		a := &decode.Actor{
			Comm: []byte(name), Path: []byte(name), Arguments: []byte(name + "\x00" + name + "\x00"), CWD: []byte(name), User: name,
			Hostname: name, Container: decode.Container{ID: name, Name: name, Image: name, PodName: name},
			Parent: &decode.Actor{Comm: []byte(name), Path: []byte(name)},
		}
		exec := recordtest.Decoded(decode.KindExec, decode.Exec{}, recordtest.Texts(name, name+"\x00-x\x00", name, name, name, name, name)...)
		for _, r := range []decode.Record{rename(name), exec} {
			for _, out := range [][]byte{decode.AppendText(nil, r, a, decode.Style{Zone: time.UTC}), decode.AppendJSON(nil, r, a)} {
				tame(t, out)
			}
			if !json.Valid(decode.AppendJSON(nil, r, a)) {
				t.Errorf("%q: not valid JSON", name)
			}
		}
		tame(t, []byte(decode.Printable([]byte(name))))
	}
}

// tame fails on runes that are not simply seen.
func tame(t testing.TB, out []byte) {
	t.Helper()
	for _, r := range string(out) {
		switch {
		case r < ' ', r >= 0x7f && r < 0xa0, r >= 0x200b && r <= 0x200f, r >= 0x2028 && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0xfeff, r >= 0xe0000 && r < 0xe0100:
			t.Fatalf("%U in %q", r, out)
		}
	}
	if !bytes.Equal(out, bytes.ToValidUTF8(out, nil)) {
		t.Fatalf("no UTF-8: %q", out)
	}
}

func TestPrintable(t *testing.T) {
	for in, want := range map[string]string{
		"plain": "plain", "\x1b[0m": `\x1b[0m`, "a\nb": `a\nb`, `a\b`: `a\\b`, "\xff": `\xff`, "\u202e": `\u202e`,
		"\U000e0041": `\U000e0041`, "é世": "é世", "": "", "\x9b": `\x9b`, "\u009b": `\u009b`, `"`: `"`,
	} {
		if got := decode.Printable([]byte(in)); got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
}

func TestCommandLine(t *testing.T) {
	for in, want := range map[string]string{
		"sh\x00-c\x00echo $HOME\x00": `sh -c 'echo $HOME'`,
		"a\x00\x00b\x00":             `a '' b`,
		"it's\x00":                   `'it'"'"'s'`,
		"'\x00":                      `''"'"''`,
		"a\nb\x00":                   "'a\nb'",
		"x=1\x00--y=2,3\x00./z:@%+_": "x=1 --y=2,3 ./z:@%+_",
		"é\x00":                      "é",
	} {
		r := recordtest.Decoded(decode.KindExec, decode.Exec{}, nil, []byte(in))
		v := parsed(t, r, nil)
		if got := at(v, "process.cmd_line"); got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
		if cut := at(v, "unmapped.args_unterminated"); (cut == "true") == strings.HasSuffix(in, "\x00") {
			t.Errorf("%q: args_unterminated is %s", in, cut)
		}
	}
	r := recordtest.Decoded(decode.KindExec, decode.Exec{}, nil, []byte("sh\x00\xff\x00"))
	v := parsed(t, r, nil)
	if got, raw := at(v, "unmapped.args.1"), at(v, "process.cmd_line_hex"); got != "\ufffd" || raw != "736800ff00" {
		t.Errorf("args %q, hex %s", got, raw)
	}
}
