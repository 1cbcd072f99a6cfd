package sensor

import (
	"log/slog"
	"os/user"
	"strconv"
	"sync"

	"vigil/decode"
)

// maxUsers bounds the names of users that are kept.
const maxUsers = 4096

// names turns numbers into names: users. It is asked from several goroutines.
type names struct {
	log   *slog.Logger
	mutex *sync.Mutex
	users map[uint32]string
}

func newNames(log *slog.Logger) names {
	return names{log: log, mutex: &sync.Mutex{}, users: map[uint32]string{}}
}

// user gives the name of a user; "" when nobody has the number.
func (n *names) user(uid uint32) string {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	name, known := n.users[uid]
	if known {
		return name
	}
	if len(n.users) >= maxUsers {
		clear(n.users)
	}
	if u, err := user.LookupId(strconv.FormatUint(uint64(uid), 10)); err == nil {
		name = u.Username
	}
	n.users[uid] = name
	return name
}

func (n *names) container(uint64) decode.Container { return decode.Container{} }

func (n *names) observe(decode.Record) {}

func (n *names) close() {}
