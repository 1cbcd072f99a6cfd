package behavior

import (
	"fmt"
	"testing"
	"time"
)

func TestRansomware(t *testing.T) {
	eve := who{id: 10, path: "/home/eve/x"}
	const fires = "vigil-ransomware"
	file := func(i int) string { return fmt.Sprintf("/home/eve/d%d/report%d.docx", i%7, i) }
	rename := func(n int, step time.Duration, end string) []*Event {
		return each(n, func(i int) *Event { return eve.renames(time.Duration(i)*step, file(i), file(i)+end) })
	}
	rewrite := func(n int, end string) []*Event {
		var all []*Event
		for i := range n {
			at := time.Duration(i) * 10 * ms
			all = append(all, eve.opens(at, file(i)+end), eve.unlinks(at+ms, file(i)))
		}
		return all
	}
	notes := func(n int, name string) []*Event {
		return each(n, func(i int) *Event { return eve.opens(time.Duration(i)*10*ms, fmt.Sprintf("/srv/d%d/%s", i, name)) })
	}
	play(t, func() Machine { return NewRansomware(seed()) }, []scene{
		{"files get a foreign ending, told once", rename(200, 10*ms, ".k4x9"), []string{fires}},
		{"an ending that speaks of locking: sooner", rename(12, 10*ms, ".locked"), []string{fires}},
		{"written anew, old ones deleted", rewrite(40, ".wxyz"), []string{fires}},
		{"a note in many directories", notes(10, "HOW_TO_DECRYPT.txt"), []string{fires}},
		{"a few files and a note", course(notes(3, "RECOVER_FILES.html"), rename(5, 10*ms, ".k4x9")), []string{fires}},

		{"a few renamed", rename(29, 10*ms, ".k4x9"), nil},
		{"many, over a day", rename(400, 5*time.Minute, ".k4x9"), nil},
		{"gzip of many logs", rewrite(200, ".gz"), nil},
		{"copies kept aside", rename(200, 10*ms, ".bak"), nil},
		{"logs rotated", rename(200, 10*ms, ".1"), nil},
		{"a tree unpacked with its READMEs", notes(300, "README.md"), nil},
		{"dpkg puts files in place", each(500, func(i int) *Event { return eve.renames(time.Duration(i)*ms, file(i)+".dpkg-new", file(i)) }), nil},
		{"endings that differ", each(300, func(i int) *Event {
			return eve.renames(time.Duration(i)*ms, file(i), fmt.Sprintf("%s.x%dy", file(i), i))
		}), nil},
		{"a build", each(500, func(i int) *Event { return eve.opens(time.Duration(i)*ms, fmt.Sprintf("/src/a%d.o.cmd", i)) }), nil},
	})
}
