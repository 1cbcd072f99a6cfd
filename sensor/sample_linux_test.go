package sensor

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"vigil/decode"
	"vigil/decode/recordtest"
	"vigil/detect"
	"vigil/detect/behavior"
)

// wished is a record of a file that was written, and the wish to look into it.
func wished(t testing.TB, path string) (behavior.Wish, decode.Record) {
	t.Helper()
	var is unix.Stat_t
	_ = unix.Lstat(path, &is) // of what is not there nothing is known
	h := recordtest.Header()
	h.PID = uint32(os.Getpid())
	device := uint64(unix.Major(is.Dev))<<20 | uint64(unix.Minor(is.Dev))
	r := recordtest.DecodedWith(h, decode.KindFileWrite, decode.FileWrite{File: decode.FileIdentity{Inode: is.Ino, Device: device, Mode: is.Mode}}, []byte(path))
	return behavior.Wish{Text: decode.FilePathText, Inode: is.Ino, Device: device}, r
}

// chance is bytes that look encrypted.
func chance(t testing.TB, size int) []byte {
	t.Helper()
	b := make([]byte, size)
	if _, err := rand.NewChaCha8([32]byte{1}).Read(b); err != nil {
		t.Fatal(err)
	}
	return b
}

func TestLook(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	at := func(name string) string { return filepath.Join(dir, name) }
	write := func(name string, b []byte) string {
		t.Helper()
		if err := os.WriteFile(at(name), b, 0o600); err != nil {
			t.Fatal(err)
		}
		return at(name)
	}
	text := []byte(strings.Repeat("all that is owed to us ", 4000))
	sealed := write("sealed", chance(t, 50_000))
	if err := errors.Join(
		os.Symlink(sealed, at("link")), os.Symlink(dir, at("here")), unix.Mkfifo(at("fifo"), 0o600), os.Mkdir(at("directory"), 0o700),
	); err != nil {
		t.Fatal(err)
	}
	s := newSampler()
	if err := unix.Stat("/proc/self/ns/mnt", &s.own); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, path string
		change     func(*behavior.Wish)
		random     bool
		err        error
	}{
		{name: "what looks encrypted", path: sealed, random: true},
		{name: "little of it", path: write("little", chance(t, 700)), random: true},
		{name: "the beginning only", path: write("half", append(chance(t, behavior.Part), text...)), random: true},
		{name: "text", path: write("text", text)},
		{name: "nothing", path: write("nothing", nil)},
		{name: "gone", path: at("gone"), err: unix.ENOENT},
		{name: "another file by that name", path: sealed, change: func(w *behavior.Wish) { w.Inode++ }, err: errOther},
		{name: "one on another device", path: sealed, change: func(w *behavior.Wish) { w.Device++ }, err: errOther},
		{name: "a link", path: at("link"), err: errOther},
		{name: "below a link", path: at("here/sealed"), err: unix.ELOOP},
		{name: "a pipe", path: at("fifo"), err: errOther},
		{name: "a directory", path: at("directory"), err: errOther},
	} {
		w, r := wished(t, c.path)
		if c.change != nil {
			c.change(&w)
		}
		l := &look{wish: w, record: r.Bytes()}
		if err := s.look(l); !errors.Is(err, c.err) || l.content.Random() != c.random {
			t.Errorf("%s: %v, %+v", c.name, err, l.content)
		}
	}
}

// A root does not lead out of itself: neither up nor by a link.
func TestLookStaysBelow(t *testing.T) {
	dir := t.TempDir()
	root := filepath.Join(dir, "root")
	outside := filepath.Join(dir, "outside")
	if err := errors.Join(os.Mkdir(root, 0o700), os.WriteFile(outside, chance(t, 5000), 0o600), os.Symlink(dir, filepath.Join(root, "up"))); err != nil {
		t.Fatal(err)
	}
	fd, err := unix.Open(root, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Close(fd) }()
	w, _ := wished(t, outside)
	for _, path := range []string{"../outside", "/../outside", "up/outside", outside} {
		if f, err := openSame(fd, path, w.Inode, w.Device); err == nil {
			_ = f.Close()
			t.Errorf("%s leads out", path)
		}
	}
}

// What finds no room is counted, what was asked for is looked into before the end.
func TestSampler(t *testing.T) {
	w, r := wished(t, filepath.Join(t.TempDir(), "gone"))
	f := &Sensor{sampler: newSampler(), log: slog.New(slog.DiscardHandler)}
	for range looksWaiting + 3 {
		f.sampler.ask(w, r)
	}
	long := recordtest.Decoded(decode.KindFileRename, decode.FilePair{}, chance(t, 4000), chance(t, 4000))
	f.sampler.ask(w, long)
	if err := f.sampler.start(func() error { return nil }); err != nil {
		t.Fatal(err)
	}
	f.endSamples()
	if got, want := f.sampler.status, (SampleStatus{Unread: looksWaiting + 1, NoRoom: 3}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if len(f.sampler.free) != looksWaiting {
		t.Errorf("%d looks of %d are free", len(f.sampler.free), looksWaiting)
	}
}

func TestAskAllocatesNothing(t *testing.T) {
	s := newSampler()
	w, r := wished(t, "/tmp/x")
	if n := testing.AllocsPerRun(1000, func() {
		s.ask(w, r)
		s.free <- <-s.work
	}); n != 0 || s.status.NoRoom != 0 {
		t.Errorf("%v allocations, %+v", n, s.status)
	}
}

// heard keeps the alerts of ransomware, and when a file by a name was opened.
type heard struct {
	mutex  sync.Mutex
	alerts []detect.Alert
	opened map[string]bool
}

func (h *heard) Flush() {}

func (h *heard) Take(e *Event) {
	if e.Record.Kind() == decode.KindFileOpen {
		h.mutex.Lock()
		defer h.mutex.Unlock()
		h.opened[string(e.Record.Text(decode.FilePathText))] = true
	}
}

func (h *heard) Alert(a *detect.Alert, _ detect.Activity, e *Event) {
	if a.Finding.Rule == "vigil-ransomware" && e != nil {
		h.mutex.Lock()
		defer h.mutex.Unlock()
		h.alerts = append(h.alerts, *a)
	}
}

// of gives the alerts when all that happened until now is judged.
func (h *heard) of(t *testing.T, l *live, name string) []detect.Alert {
	t.Helper()
	mark := filepath.Join(t.TempDir(), name)
	if out, err := exec.Command("touch", mark).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		waiting := 0
		if err := l.Ask(t.Context(), func() { waiting = looksWaiting - len(l.sampler.free) }); err != nil {
			t.Fatal(err)
		}
		h.mutex.Lock()
		if h.opened[mark] && waiting == 0 {
			defer h.mutex.Unlock()
			return h.alerts
		}
		h.mutex.Unlock()
	}
	t.Fatal("the sensor does not come to an end")
	return nil
}

// Files are compressed, and raise nothing; the same many are overwritten with what
// looks encrypted, their names unchanged, and raise one alert that tells who did it.
func TestContentJudged(t *testing.T) {
	h := &heard{opened: map[string]bool{}}
	l := startWith(t, Default(), h)
	var text []byte
	for i := range 8000 {
		text = fmt.Appendf(text, "%d is owed for %d, ", i*i%9973, i)
	}
	documents := func() string {
		t.Helper()
		dir := t.TempDir()
		for i := range 40 {
			if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("report%d.txt", i)), text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		return dir
	}
	run := func(dir, script string) {
		t.Helper()
		c := exec.Command("sh", "-c", script)
		c.Dir = dir
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	run(documents(), "gzip *.txt")
	if got := h.of(t, l, "compressed"); len(got) != 0 {
		t.Errorf("gzip raises %s", got[0].String())
	}
	if st := l.status(t); st.Samples.Read == 0 || st.Samples.NoRoom != 0 {
		t.Errorf("gzip: %+v", st.Samples)
	}
	before := l.status(t).Samples
	dir := documents()
	run(dir, "for f in *.txt; do head -c 9000 /dev/urandom | dd of=$f conv=notrunc status=none; done")
	got := h.of(t, l, "overwritten")
	if st := l.status(t).Samples; st.Read-before.Read < 20 || st.Unread != before.Unread {
		t.Errorf("samples %+v, before %+v", st, before)
	}
	if len(got) != 1 {
		t.Fatalf("%d alerts", len(got))
	}
	a := got[0]
	if filepath.Base(a.Process.Path) != "dd" || len(a.Ancestry) == 0 || len(a.Evidence) != 1 || !strings.Contains(string(a.Evidence[0].Event), dir+"/report") {
		t.Errorf("%+v", a)
	}
	// It is on the socket, as numbers too.
	if _, metrics := l.get(t, "/metrics"); !strings.Contains(metrics, `vigil_samples_total{outcome="read"}`) {
		t.Error("metrics without samples")
	}
	if _, err := os.Stat(filepath.Join(dir, "report0.txt")); errors.Is(err, fs.ErrNotExist) {
		t.Error("the names should not have changed")
	}
}
