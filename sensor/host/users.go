package host

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
)

// Bounds of what is kept of a passwd file.
const (
	maxUsers    = 1 << 16
	maxPasswd   = 16 << 20
	maxUserName = 256 // as sysconf(_SC_LOGIN_NAME_MAX) of glibc
)

// lookAgain is how often the file is looked at, at most.
const lookAgain = time.Second

// Users names the users of /etc/passwd, and of no directory service. It follows
// the file's changes, and is safe for concurrent use.
type Users struct {
	path string
	now  func() time.Time

	next  atomic.Int64 // when to look at the file again, Unix ns
	names atomic.Pointer[map[uint32]string]

	mutex sync.Mutex // of whoever looks
	seen  os.FileInfo
	stats UserStats
}

// UserStats say how Users fares.
type UserStats struct {
	Users   int
	Reads   uint64 // of the file
	Dropped uint64 // users that found no room, in all reads
	Error   error  // of the last look; while there is one the names stay as they were
}

// NewUsers reads the users of a file system (usually /). A nil clock is time.Now.
func NewUsers(root string, now func() time.Time) *Users {
	if now == nil {
		now = time.Now
	}
	u := &Users{path: filepath.Join(root, "etc/passwd"), now: now}
	u.names.Store(&map[uint32]string{})
	u.look()
	return u
}

// Name gives a user's name; "" when nobody has the number. It allocates nothing,
// except when the file has changed.
func (u *Users) Name(uid uint32) string {
	now := u.now().UnixNano()
	if next := u.next.Load(); now >= next && u.next.CompareAndSwap(next, now+int64(lookAgain)) {
		u.look()
	}
	return (*u.names.Load())[uid]
}

// Stats gives the counts.
func (u *Users) Stats() UserStats {
	u.mutex.Lock()
	defer u.mutex.Unlock()
	s := u.stats
	s.Users = len(*u.names.Load())
	return s
}

// look reads the file if it is another, or has changed.
func (u *Users) look() {
	u.mutex.Lock()
	defer u.mutex.Unlock()
	u.next.Store(u.now().Add(lookAgain).UnixNano())
	i, err := os.Stat(u.path)
	if err != nil {
		u.stats.Error = fmt.Errorf("read users: %w", err)
		if errors.Is(err, fs.ErrNotExist) { // a host without users, or between two files
			u.seen = nil
		}
		return
	}
	if u.seen != nil && os.SameFile(u.seen, i) && u.seen.Size() == i.Size() && u.seen.ModTime().Equal(i.ModTime()) {
		u.stats.Error = nil
		return
	}
	text, err := readAtMost(u.path, maxPasswd)
	if err != nil {
		u.stats.Error = fmt.Errorf("read users: %w", err)
		return
	}
	names, dropped := parsePasswd(text, maxUsers)
	u.names.Store(&names)
	u.seen, u.stats.Error = i, nil
	u.stats.Reads++
	u.stats.Dropped += uint64(dropped)
}

// errTooLarge is for a file beyond its bound.
var errTooLarge = errors.New("the file is too large")

func readAtMost(path string, most int) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, int64(most)+1))
	if err == nil && len(text) > most {
		err = errTooLarge
	}
	return text, err
}
