package behavior

import (
	"fmt"
	"testing"
	"time"

	"vigil/decode"
)

// What a look finds, in the tests here.
var (
	sealed = Content{Head: Spread{7.95, 250}, Middle: Spread{7.95, 260}}
	zipped = Content{Known: true, Head: Spread{7.95, 300}, Middle: Spread{7.96, 280}}
	words  = Content{Head: Spread{4.4, 80000}, Middle: Spread{4.4, 80000}}
)

// inode is different for each path, as good as a file's.
func inode(path string) (n uint64) {
	for _, c := range []byte(path) {
		n = n*131 + uint64(c)
	}
	return n | 1
}

func (w who) writes(after time.Duration, path string, flags ...uint32) *Event {
	f := decode.FileWrite{File: decode.FileIdentity{Inode: inode(path), Device: 5, Mode: 0o100644}, Bytes: 9000, Writes: 1}
	for _, flag := range flags {
		f.OpenFlags |= flag
	}
	return w.by(after, decode.KindFileWrite, f, path)
}

func (w who) opensOld(after time.Duration, path string) *Event {
	return w.by(after, decode.KindFileOpen, decode.FileOpen{OpenFlags: 0o1}, path)
}

// rewrites is a file that was there, opened and written.
func (w who) rewrites(after time.Duration, path string) []*Event {
	return []*Event{w.opensOld(after, path), w.writes(after+ms, path)}
}

// makes is a new file, written.
func (w who) makes(after time.Duration, path string) []*Event {
	return []*Event{w.opens(after, path), w.writes(after+ms, path)}
}

func many(n int, step time.Duration, make func(at time.Duration, i int) []*Event) []*Event {
	var all []*Event
	for i := range n {
		all = append(all, make(time.Duration(i)*step, i)...)
	}
	return all
}

// judged plays events, answers each wish by what lies there after so many more events,
// and gives how many alerts there were and how many looks.
func judged(events []*Event, late int, content func(i int) Content) (alerts, looks int) {
	m := NewRansomware(seed())
	var waiting []*FileSample
	count := func(_ Alert, ok bool) {
		if ok {
			alerts++
		}
	}
	answer := func(leave int) {
		for len(waiting) > leave {
			count(m.content.sample(waiting[0]))
			waiting = waiting[1:]
		}
	}
	for _, e := range events {
		count(m.Judge(e))
		if m.content.wished {
			waiting = append(waiting, &FileSample{Wish: m.content.wish, Content: content(looks), Time: e.Time})
			looks++
		}
		answer(late)
	}
	answer(0)
	return alerts, looks
}

func TestRewriting(t *testing.T) {
	eve := who{id: 10, path: "/home/eve/x"}
	file := func(i int) string { return fmt.Sprintf("/home/eve/d%d/report%d.docx", i%7, i) }
	always := func(c Content) func(int) Content { return func(int) Content { return c } }
	inPlace := func(n int, step time.Duration, where func(int) string, by who) []*Event {
		return many(n, step, func(at time.Duration, i int) []*Event { return by.rewrites(at, where(i)) })
	}
	anew := func(n int, name func(i int) string) []*Event {
		return many(n, 10*ms, func(at time.Duration, i int) []*Event {
			return append(eve.makes(at, name(i)), eve.unlinks(at+2*ms, file(i)))
		})
	}
	aside := func(n int, to func(i int) string) []*Event {
		return many(n, 10*ms, func(at time.Duration, i int) []*Event {
			from := fmt.Sprintf("/home/eve/d%d/.tmp%d", i%7, i)
			return append(eve.makes(at, from), eve.renames(at+2*ms, from, to(i)))
		})
	}
	for _, s := range []struct {
		name    string
		events  []*Event
		content func(int) Content
		fires   bool
	}{
		{"in place", inPlace(40, 10*ms, file, eve), always(sealed), true},
		{"in place, two a second", inPlace(60, 500*ms, file, eve), always(sealed), true},
		{"in place, then renamed, so that the first look fails", many(40, 10*ms, func(at time.Duration, i int) []*Event {
			return append(eve.rewrites(at, file(i)), eve.renames(at+2*ms, file(i), fmt.Sprintf("%s.%d", file(i), i)))
		}), always(sealed), true},
		{"what the tree itself made before", course(
			many(40, 10*ms, func(at time.Duration, i int) []*Event { return eve.makes(at, file(i)) }),
			inPlace(40, 10*ms, file, who{id: 10, path: "/home/eve/y"}),
		), always(sealed), true},
		{"anew under an ordinary ending, the old ones deleted", anew(40, func(i int) string { return file(i) + ".bak" }), always(sealed), true},
		{"anew with the ending changed", anew(40, func(i int) string { return fmt.Sprintf("/home/eve/d%d/report%d.gpg", i%7, i) }), always(sealed), true},
		{"aside, and over documents", aside(40, file), always(sealed), true},
		{"some of them something else", inPlace(60, 10*ms, file, eve), func(i int) Content {
			if i%5 == 0 {
				return words
			}
			return sealed
		}, true},
		{"many photographs beside", inPlace(100, 10*ms, file, eve), func(i int) Content {
			if i%2 == 0 {
				return zipped
			}
			return sealed
		}, true},

		{"a few", inPlace(20, 10*ms, file, eve), always(sealed), false}, // of which four are not looked into
		{"one a minute", inPlace(400, time.Minute, file, eve), always(sealed), false},
		{"one file again and again", inPlace(400, 10*ms, func(int) string { return file(0) }, eve), always(sealed), false},
		{"gzip, xz, zstd", anew(400, func(i int) string { return file(i) + ".gz" }), always(zipped), false},
		{"photographs brought up to date in place", inPlace(400, 10*ms, file, eve), always(zipped), false},
		{"photographs copied by rsync", aside(400, func(i int) string { return file(i) + ".jpg" }), always(zipped), false},
		{"texts edited", inPlace(400, 10*ms, file, eve), always(words), false},
		{"of a format nobody knows, half look random", inPlace(100, 10*ms, file, eve), func(i int) Content {
			if i%2 == 0 {
				return words
			}
			return sealed
		}, false},
		{"one file encrypted by gpg", anew(1, func(i int) string { return file(i) + ".gpg" }), always(sealed), false},
		{"a backup writes its store", many(400, 10*ms, func(at time.Duration, i int) []*Event {
			return eve.makes(at, fmt.Sprintf("/srv/repo/data/0/%d", i))
		}), always(sealed), false},
		{"a backup compacts its store", many(400, 10*ms, func(at time.Duration, i int) []*Event {
			return append(eve.makes(at, fmt.Sprintf("/srv/repo/data/0/%d", i+1000)), eve.unlinks(at+2*ms, fmt.Sprintf("/srv/repo/data/0/%d", i)))
		}), always(sealed), false},
		{"volumes of a backup follow others", many(400, 10*ms, func(at time.Duration, i int) []*Event {
			return append(eve.makes(at, fmt.Sprintf("/srv/b/full.2.vol%d.gpg", i)), eve.unlinks(at+2*ms, fmt.Sprintf("/srv/b/full.1.vol%d.gpg", i)))
		}), always(sealed), false},
		{"objects of git", inPlace(400, 10*ms, func(i int) string { return fmt.Sprintf("/srv/a/.git/objects/%d/%d", i, i) }, eve), always(sealed), false},
		{"a store by digest", inPlace(400, 10*ms, func(i int) string { return fmt.Sprintf("/srv/store/%064x", i) }, eve), always(sealed), false},
		{"a browser's cache", inPlace(400, 10*ms, func(i int) string { return fmt.Sprintf("/home/eve/.cache/mozilla/cache2/entries/%d", i) }, eve), always(sealed), false},
		{"a database", inPlace(400, 10*ms, func(i int) string { return fmt.Sprintf("/srv/pg/base/5/%d", i) }, who{id: 10, path: "/usr/lib/postgresql/15/bin/postgres"}), always(sealed), false},
		{"one that calls itself a database", inPlace(40, 10*ms, file, who{id: 10, path: "/tmp/postgres"}), always(sealed), true},
		{"logs appended to", many(400, 10*ms, func(at time.Duration, i int) []*Event {
			return []*Event{eve.opensOld(at, file(i)), eve.writes(at+ms, file(i), appends)}
		}), always(sealed), false},
		{"a compiler's own temporary files", many(400, 10*ms, func(at time.Duration, i int) []*Event {
			return course(eve.makes(at, fmt.Sprintf("/tmp/a%d.s", i)), eve.makes(at+2*ms, fmt.Sprintf("/tmp/a%d.o", i)), []*Event{eve.unlinks(at+4*ms, fmt.Sprintf("/tmp/a%d.s", i))})
		}), always(sealed), false},
		{"files whose opening was not told", many(400, 10*ms, func(at time.Duration, i int) []*Event { return []*Event{eve.writes(at, file(i))} }), always(sealed), false},
		{"a container of one's own", inPlace(3, 10*ms, file, eve), always(sealed), false},
	} {
		for _, late := range []int{0, 5} {
			alerts, looks := judged(s.events, late, s.content)
			if want := map[bool]int{true: 1}[s.fires]; alerts != want {
				t.Errorf("%s, looks %d events late: %d alerts, want %d; %d looks", s.name, late, alerts, want, looks)
			}
			if looks > rewriteLooks {
				t.Errorf("%s: %d looks", s.name, looks)
			}
		}
	}
}

// Names and paths of any kind are borne.
func FuzzRewriting(f *testing.F) {
	f.Add("/home/eve/report.docx", "/home/eve/report.docx.enc")
	f.Add("/a.txt", "/a")
	f.Add("n0.txt", "")
	f.Add("/.a", "/..")
	f.Fuzz(func(t *testing.T, one, other string) {
		if len(one)+len(other) > 8000 {
			return
		}
		x := who{id: 10, path: one}
		for _, names := range [][2]string{{one, other}, {other, one}} {
			judged(course(
				x.makes(0, names[0]), x.rewrites(ms, names[1]), []*Event{x.renames(2*ms, names[0], names[1]), x.unlinks(3*ms, names[0]), x.unlinks(4*ms, names[1])},
				x.makes(5*ms, names[1]), []*Event{x.unlinks(6*ms, names[0])},
			), 0, func(int) Content { return sealed })
		}
	})
}

// Ordinary work makes nobody look: looks come after a few files only, and are bounded.
func TestRewritingLooks(t *testing.T) {
	eve := who{id: 10, path: "/home/eve/x"}
	file := func(i int) string { return fmt.Sprintf("/home/eve/report%d.txt", i) }
	plain := func(int) Content { return words }
	events := many(1000, ms, func(at time.Duration, i int) []*Event { return eve.rewrites(at, file(i)) })
	for n, want := range map[int]int{rewriteFew - 1: 0, rewriteFew: 1, 10: 7, 1000: rewriteLooks} {
		if _, looks := judged(events[:2*n], 0, plain); looks != want {
			t.Errorf("%d files: %d looks, want %d", n, looks, want)
		}
	}
	if _, looks := judged(many(1000, ms, func(at time.Duration, i int) []*Event { return eve.makes(at, file(i)) }), 0, plain); looks != 0 {
		t.Errorf("new files: %d looks", looks)
	}
	if _, looks := judged(many(1000, time.Minute, func(at time.Duration, i int) []*Event { return eve.rewrites(at, file(i)) }), 0, plain); looks != 0 {
		t.Errorf("one a minute: %d looks", looks)
	}
}

// The wish says where to look, once; what comes late, of a tree long forgotten, is harmless.
func TestWish(t *testing.T) {
	s := New(nil)
	x := who{id: 10, path: "/home/eve/x"}
	var got Wish
	for i := range 10 {
		path := fmt.Sprintf("/home/eve/report%d.txt", i)
		for _, e := range x.rewrites(time.Duration(i)*ms, path) {
			s.Judge(e.Record, e.who, 0, func(a Alert) { t.Errorf("%s", a.Finding.Rule) })
			w, ok := s.Wish()
			if ok != (i >= rewriteFew-1 && e.Kind() == decode.KindFileWrite) {
				t.Errorf("%s of file %d: wish %t", e.Kind(), i, ok)
			}
			if ok {
				if got = w; w.Inode != inode(path) || w.Device != 5 || w.Text != decode.FilePathText {
					t.Errorf("%+v", w)
				}
			}
			if _, again := s.Wish(); again {
				t.Error("a wish is told twice")
			}
		}
	}
	if _, ok := New(nil).Sample(&FileSample{Wish: got, Content: sealed}); ok {
		t.Error("one sample is an alert")
	}
}

func TestRewritingAllocatesNothing(t *testing.T) {
	m := NewRansomware(seed())
	x := who{id: 10, path: "/home/eve/x"}
	events := append(x.rewrites(0, "/home/eve/a.txt"), x.renames(ms, "/home/eve/a.txt", "/home/eve/b.txt"), x.opens(ms, "/home/eve/b.txt.gz"), x.unlinks(ms, "/home/eve/b.txt"))
	at := uint64(time.Hour)
	if n := testing.AllocsPerRun(1000, func() {
		for _, e := range events {
			at += 1000
			e.Time = at
			m.Judge(e)
			if m.content.wished {
				m.content.sample(&FileSample{Wish: m.content.wish, Content: sealed, Time: at})
			}
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
