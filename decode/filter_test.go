package decode_test

import (
	"strings"
	"testing"

	"vigil/decode"
	"vigil/decode/recordtest"
)

func TestFilterMatch(t *testing.T) {
	h := recordtest.Header()
	h.Flags = decode.EventFileDeleted
	samples := map[string]decode.Record{
		"exec": sample(t, decode.KindExec), "connect": sample(t, decode.KindConnect), "dns": sample(t, decode.KindDNS),
		"rename": sample(t, decode.KindFileRename), "mprotect": sample(t, decode.KindMprotect), "listen": sample(t, decode.KindListen),
		"accept": sample(t, decode.KindAccept), "flow": sample(t, decode.KindFlowEnd),
		"deleted": recordtest.DecodedWith(h, decode.KindFileRead, decode.FileOpen{}, []byte("/etc/a b")),
	}
	for _, c := range []struct {
		filter string
		sample string
		want   bool
	}{
		{"", "exec", true},
		{"  ", "exec", true},
		{"kind=exec", "exec", true},
		{"kind=fork,exec", "exec", true},
		{"kind=fork", "exec", false},
		{"kind!=fork,exec", "exec", false},
		{"kind!=fork", "exec", true},
		{"kind~file_", "rename", true},
		{"kind~file_", "exec", false},
		{"kind!~file_,mprot", "mprotect", false},
		{"kind=exec pid=1234 uid=1000", "exec", true},
		{"kind=exec pid=1234 uid=0", "exec", false},
		{"pid=1,1234", "connect", true},
		{"tid=1235 cpu=1", "connect", true},
		{"ppid=1200", "exec", true},
		{"ppid=1200", "connect", true},
		{"ppid!=1200", "connect", false},
		{"exec=1122334455667788", "connect", true},
		{"name=curl", "exec", true},
		{"name=bash", "exec", false},
		{"name=bash", "connect", true},
		{"name!=bash", "connect", false},
		{"exe=/usr/bin/curl", "exec", true},
		{"exe~bash", "connect", true},
		{"args~example.com", "exec", true},
		{`args~"-fsS https://"`, "exec", true},
		{`args~"-fsS  https://"`, "exec", false},
		{`args="curl -fsS https://example.com/a b"`, "exec", true},
		{`args="curl -fsS https://example.com/a b "`, "exec", false},
		{"args~make", "connect", true},
		{"cwd=/home/deploy", "exec", true},
		{"cwd=/srv", "connect", true},
		{"user=deploy", "exec", true},
		{"path=/usr/bin/curl", "exec", true},
		{"path~dpkg/status-", "rename", true},
		{"path=/var/lib/dpkg/status", "rename", true},
		{"path!~dpkg", "rename", false},
		{"path~dpkg", "connect", false},
		{"path!~dpkg", "connect", true},
		{"path=@/tmp/.hidden", "listen", true},
		{`path="/etc/a b"`, "deleted", true},
		{`path~"a b"`, "deleted", true},
		{"port=443", "connect", true},
		{"port=43210", "connect", true},
		{"port=80", "connect", false},
		{"port=0", "exec", false},
		{"port=22", "accept", true},
		{"ip=93.184.216.34", "connect", true},
		{"ip=::ffff:93.184.216.34", "connect", true},
		{"ip=10.0.0.0/8", "flow", true},
		{"ip=10.0.0.7/8", "flow", true},
		{"ip=192.168.0.0/16", "flow", false},
		{"ip=2001:db8::/32", "accept", true},
		{"ip=::/0", "listen", false},
		{"ip=::/0", "exec", false},
		{"host=www.example.com", "dns", true},
		{"host=WWW.example.com.", "dns", true},
		{"host~example", "dns", true},
		{"host=example.com", "dns", false},
		{"host~example", "exec", false},
		{"flag=file_deleted", "deleted", true},
		{"flag=file_deleted,script", "exec", false},
		{"flag=writable", "mprotect", true},
		{"flag!=writable", "mprotect", false},
		{"container=web", "exec", true},
		{"container=0123", "exec", true},
		{"container=1234", "exec", false},
		{"container~cdef", "exec", true},
		{"container=", "exec", false},
		{"container!=", "exec", true},
		{"image~nginx", "exec", true},
		{"pod=web-0", "exec", true},
		{"pod!=", "exec", true},
		{"kind=exec\tname=curl\n", "exec", true},
	} {
		f, err := decode.ParseFilter(c.filter)
		if err != nil {
			t.Errorf("%s: %v", c.filter, err)
			continue
		}
		if got := f.Match(samples[c.sample], someone()); got != c.want {
			t.Errorf("%q of %s: %v", c.filter, c.sample, got)
		}
	}
}

func TestFilterWithoutActor(t *testing.T) {
	var none *decode.Filter
	r := sample(t, decode.KindConnect)
	if !none.Match(r, nil) {
		t.Error("no filter does not match")
	}
	for expression, want := range map[string]bool{"container=": true, "name=bash": false, "user=": true, "ppid=0": true, "pid=1234": true} {
		f, err := decode.ParseFilter(expression)
		if err != nil || f.Match(r, nil) != want {
			t.Errorf("%s: %v", expression, err)
		}
	}
}

func TestFilterErrors(t *testing.T) {
	for expression, want := range map[string]string{
		"pth=/etc":              `parse filter: column 1: no field "pth": there are kind pid `,
		"kind=exec foo=1":       `parse filter: column 11: no field "foo"`,
		"kind=exec foo":         `parse filter: column 11: "foo" has no operator: write field=value`,
		"foo bar=1":             `parse filter: column 1: "foo" has no operator`,
		"=x":                    `parse filter: column 1: no field ""`,
		"kind=exce":             `parse filter: column 6: no kind "exce": there are fork exec `,
		"kind~zz":               `parse filter: column 6: no kind "zz"`,
		"pid=12,x":              `parse filter: column 8: pid="x": must be a number`,
		"pid=-1":                `must be a number from 0 to 4294967295`,
		"pid=4294967296":        `must be a number`,
		"pid=":                  `parse filter: column 5: a value of pid is missing`,
		"pid~1":                 `parse filter: column 4: ~ is for text and pid is none`,
		"name=a,":               `parse filter: column 8: a value of name is missing`,
		"name=,a":               `column 6: a value of name is missing`,
		"name~":                 `column 6: a value of name is missing`,
		"name!x":                `column 6: = or ~ must follow !`,
		"name!":                 `column 6: = or ~ must follow !`,
		`path="/a`:              `column 6: the quotation mark is not closed`,
		`path="/a"b`:            `column 10: a comma or a space must follow`,
		`path=a"b`:              `column 7: a quotation mark inside a value`,
		"exec=12":               `exec="12": must be 16 hexadecimal digits`,
		"ip=1.2.3":              `column 4: ip="1.2.3": must be an address or a network`,
		"ip=1.2.3.4/33":         `must be an address or a network`,
		"flag=nosuch":           `column 6: no flag "nosuch": there are path_cut`,
		"name=a name\x1b=b":     `no field "name\x1b"`,
		"container=a container": `column 13: "container" has no operator`,
	} {
		f, err := decode.ParseFilter(expression)
		if err == nil || f != nil || !strings.Contains(err.Error(), want) || strings.ContainsAny(err.Error(), "\n\x1b") {
			t.Errorf("%q: %v, want %s", expression, err, want)
		}
	}
}
