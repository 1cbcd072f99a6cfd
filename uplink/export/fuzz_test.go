package export

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	rfc5424lib "github.com/leodido/go-syslog/v4/rfc5424"

	"vigil/decode"
)

var hostile = []string{
	"plain", "a|b=c\\d", "line\nend\r\nand\rmore", "]\" \\] [x@1 a=\"b\"]", "\xff\xfe broken", "\x00\x1b[31m\x7f", "\u202egnp.exe", "👍 ≠ é", "=1+1", "@SUM(A1)", "a;=cmd", "\ufeff",
	strings.Repeat("ü", 520), "CEF:0|x|y|z|1|n|9|", "<1>1 - - - - - -", "\\u000a", "\\",
}

// hostileItem is an item whose strings an attacker chose.
func hostileItem(text string, isAlert bool) Item {
	said, _ := json.Marshal(strings.ToValidUTF8(text, "\ufffd"))
	i := event(decode.KindExec)
	if isAlert {
		i = alert("title")
	}
	for _, old := range []string{`"title"`, `"deploy"`, `"web1"`, `"/usr/bin/bash"`, `"/usr/sbin/php-fpm"`, `"Process Activity"`, `"c0ffee"`, `"Look at the file | remove it = done."`} {
		i.JSON = bytes.ReplaceAll(i.JSON, []byte(old), said)
	}
	i.Sensor = text
	return i
}

// readCEF parts a line as a receiver does.
func readCEF(t *testing.T, line []byte) (head []string, fields map[string]string) {
	t.Helper()
	rest, ok := bytes.CutPrefix(line, []byte("CEF:"))
	if !ok || bytes.ContainsAny(line, "\n\r\x00\x1b") || !utf8.Valid(line) {
		t.Fatalf("not one clean line: %q", line)
	}
	part := []byte{}
	for len(head) < 7 {
		if len(rest) == 0 {
			t.Fatalf("the header has %d parts: %q", len(head), line)
		}
		switch c := rest[0]; c {
		case '\\':
			if rest[1] != '\\' && rest[1] != '|' {
				t.Fatalf("escape \\%c in the header: %q", rest[1], line)
			}
			part = append(part, rest[1])
			rest = rest[1:]
		case '|':
			head = append(head, string(part))
			part = part[:0]
		default:
			part = append(part, c)
		}
		rest = rest[1:]
	}
	fields = map[string]string{}
	key := ""
	for len(rest) > 0 { // key=value, the value until the last space before the next bare =
		eq := bytes.IndexByte(rest, '=')
		key = string(rest[:eq])
		if key == "" || strings.ContainsAny(key, " \\|") {
			t.Fatalf("key %q: %q", key, line)
		}
		rest = rest[eq+1:]
		end, space := len(rest), -1
		var value []byte
		for k := 0; k < len(rest); k++ {
			if rest[k] == '\\' {
				k++
				continue
			}
			if rest[k] == ' ' {
				space = k
			}
			if rest[k] == '=' {
				if space < 0 {
					t.Fatalf("a bare = in the value of %s: %q", key, line)
				}
				end = space
				break
			}
		}
		for k := 0; k < end; k++ {
			if rest[k] == '\\' {
				if k++; rest[k] == 'n' {
					value = append(value, '\n')
					continue
				}
			}
			value = append(value, rest[k])
		}
		fields[key] = string(value)
		rest = rest[min(end+1, len(rest)):]
	}
	return head, fields
}

func FuzzCEF(f *testing.F) {
	for _, s := range hostile {
		f.Add(s, true)
		f.Add(s, false)
	}
	r := newReader()
	c := newCEF(r)
	f.Fuzz(func(t *testing.T, text string, isAlert bool) {
		i := hostileItem(text, isAlert)
		r.read(&i)
		head, fields := readCEF(t, c.append(nil))
		if head[1] != "Vigil" || head[6] != "8" && head[6] != "1" {
			t.Errorf("header: %q", head)
		}
		for name := range fields {
			known := slices.ContainsFunc(cefRows[:], func(r row) bool { return r.name == name || r.name+"Label" == name })
			if !known {
				t.Errorf("a field that we do not write: %q", name)
			}
		}
		// What was meant comes back.
		if clean := strings.TrimSpace(text); utf8.ValidString(text) && len(text) < 90 && clean == text && text != "" && printable(text) && fields["dvchost"] != text {
			t.Errorf("dvchost is %q, was %q", fields["dvchost"], text)
		}
	})
}

func printable(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		return r < ' ' || r == 0x7f || r == '\\' || r > 0x7e || r == '<' || r == '>' || r == '&'
	})
}

func FuzzRFC5424(f *testing.F) {
	for _, s := range hostile {
		f.Add(s, true)
		f.Add(s, false)
	}
	write := map[string]*rfc5424{}
	for _, format := range []string{formatFields, formatCEF, formatOCSF} {
		write[format] = newRFC5424Writer(format)
	}
	f.Fuzz(func(t *testing.T, text string, isAlert bool) {
		i := hostileItem(text, isAlert)
		for format, w := range write {
			message := w.append(nil, &i)
			m, err := rfc5424Parse(message)
			if err != nil {
				t.Fatalf("%s: %v in %q", format, err, message)
			}
			if *m.Appname != "vigil" || m.Message == nil || bytes.ContainsAny(message, "\n\r") || !utf8.Valid(message) {
				t.Errorf("%s: %q", format, message)
			}
			if format != formatFields {
				continue
			}
			data := *m.StructuredData
			if len(data) != 1 || data["vigil@32473"] == nil {
				t.Errorf("structured data: %q", data)
			}
			for name := range data["vigil@32473"] {
				if !slices.ContainsFunc(sdRows[:], func(r row) bool { return r.name == name }) {
					t.Errorf("a parameter that we do not write: %q", name)
				}
			}
		}
	})
}

func newRFC5424Writer(format string) *rfc5424 { return newRFC5424(format, 16, 32473) }

// FuzzWalk compares the walker with encoding/json, on what is JSON, and sees that it
// ends on what is not.
func FuzzWalk(f *testing.F) {
	for _, i := range samples()[:5] {
		f.Add(i.JSON)
	}
	for _, s := range []string{`{"a":{"b":[1,{"c":"x\"y"}]}}`, `{"a":[[],{}],"d":null}`, `{`, `{"a"`, `{"a":}`, `[`, `{,}`, `"\`, `{"a":{"b":[`, `}`, `{"a":]}`} {
		f.Add([]byte(s))
	}
	var p paths
	n := 0
	slots := map[string]int{}
	for _, path := range []string{"a", "a.b", "a.b.0", "a.b.1.c", "d", "time", "actor.process.pid", "metadata.product.name"} {
		slots[path] = p.add(path, &n)
	}
	w := walker{values: make([][]byte, n+1)}
	f.Fuzz(func(t *testing.T, b []byte) {
		w.walk(&p, b)
		if !json.Valid(b) || bytes.Contains(b, []byte(`\u`)) {
			return
		}
		for path, slot := range slots {
			want, is := lookUp(b, path)
			got := w.values[slot]
			if twice(b) {
				continue // of two members of a name each reader takes its own
			}
			if is != (got != nil) || is && !same(got, want) {
				t.Errorf("%s of %s is %q, want %q", path, b, got, want)
			}
		}
	})
}

func same(a, b []byte) bool {
	var x, y bytes.Buffer
	return json.Compact(&x, a) == nil && json.Compact(&y, b) == nil && x.String() == y.String()
}

// twice tells whether a key could be there twice.
func twice(b []byte) bool {
	for _, name := range []string{"a", "b", "c", "d", "time", "actor", "process", "pid", "metadata", "product", "name"} {
		if bytes.Count(bytes.ToLower(b), []byte(`"`+name+`"`)) > 1 {
			return true
		}
	}
	return false
}

func lookUp(b []byte, path string) ([]byte, bool) {
	for _, step := range strings.Split(path, ".") {
		if step >= "0" && step <= "9" {
			var list []json.RawMessage
			if json.Unmarshal(b, &list) != nil || int(step[0]-'0') >= len(list) {
				return nil, false
			}
			b = list[step[0]-'0']
			continue
		}
		var object map[string]json.RawMessage
		if json.Unmarshal(b, &object) != nil {
			return nil, false
		}
		below, ok := object[step]
		if !ok {
			return nil, false
		}
		b = below
	}
	return b, true
}

func FuzzText(f *testing.F) {
	for _, s := range hostile {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		quoted, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		got := appendText(nil, quoted)
		if s = strings.ToValidUTF8(s, "\ufffd"); printable(strings.NewReplacer("\n", "", "\t", "", "\\", "", "<", "", "&", "", ">", "").Replace(s)) && string(got) != s {
			t.Errorf("%q became %q", s, got)
		}
		if !utf8.Valid(got) {
			t.Errorf("no UTF-8: %q", got)
		}
		appendText(nil, []byte(`"`+s+`"`)) // whatever stands there
	})
}

func rfc5424Parse(b []byte) (*rfc5424Message, error) {
	m, err := rfc5424lib.NewParser().Parse(b)
	if err != nil {
		return nil, err
	}
	return m.(*rfc5424Message), nil
}

type rfc5424Message = rfc5424lib.SyslogMessage
