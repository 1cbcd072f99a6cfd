package behavior

import (
	"testing"
	"time"

	"vigil/decode"
)

func TestPrivilege(t *testing.T) {
	eve := who{id: 10, parent: 9, path: "/home/eve/x"}
	ids := func(uid, euid uint32, caps uint64) decode.IDs {
		return decode.IDs{UID: uid, EUID: euid, SUID: euid, FSUID: euid, CapEffective: caps, CapPermitted: caps, UserNS: firstUserNS}
	}
	changes := func(at time.Duration, before, after decode.IDs) *Event {
		e := eve.by(at, decode.KindCredentials, decode.Credentials{Before: before, After: after})
		e.UID = before.UID
		return e
	}
	root, user, all := ids(0, 0, 1<<41-1), ids(1000, 1000, 0), uint64(1<<41-1)
	opens := func(at time.Duration, uid uint32) *Event {
		e := eve.opens(at, "/tmp/f")
		e.UID = uid
		return e
	}
	execs := func(at time.Duration, flags, uid uint32) *Event {
		e := who{id: 11, parent: 9, path: "/usr/bin/y"}.execOf(at, decode.Exec{PreviousExecID: 10, Flags: flags}, "y\x00")
		e.UID = uid
		return e
	}
	inside := func(i decode.IDs) decode.IDs { i.UserNS = 4026532500; return i }
	exits := func(at time.Duration, uid uint32) *Event {
		e := eve.by(at, decode.KindExit, decode.Exit{})
		e.UID = uid
		return e
	}
	lost := eve.by(15*ms, decode.KindLost, decode.Lost{Records: 1})
	thread := opens(20*ms, 0)
	thread.TID++
	const fires = "vigil-privilege-gained"
	play(t, func() Machine { return NewPrivilege() }, []scene{
		{"root out of nothing, then a file", []*Event{opens(0, 1000), changes(10*ms, user, root), opens(20*ms, 0)}, []string{fires}},
		{"root out of nothing, then a shell", []*Event{changes(10*ms, user, root), execs(20*ms, 0, 0)}, []string{fires}},
		{"the number changed behind the kernel's back", []*Event{opens(0, 1000), opens(10*ms, 0), opens(20*ms, 0)}, []string{fires}},
		{"behind its back, then a shell", []*Event{opens(0, 1000), execs(10*ms, 0, 0)}, []string{fires}},
		{"capabilities out of nothing", []*Event{changes(0, user, ids(1000, 1000, all)), opens(ms, 1000)}, []string{fires}},
		{"told after the exec, which granted nothing", []*Event{execs(0, 0, 1000), changes(ms, user, root)}, []string{fires}},

		{"behind its back, then the end", []*Event{opens(0, 1000), exits(10*ms, 0)}, []string{fires}},

		{"sudo goes to and fro, and its files are told after its end", []*Event{
			changes(10*ms, ids(1000, 0, all), root), changes(20*ms, root, ids(1000, 0, all)), exits(30*ms, 1000), opens(5*ms, 1000), opens(15*ms, 0),
		}, nil},
		{"what is told after an end that was all that was known", []*Event{exits(30*ms, 0), opens(5*ms, 1000), opens(15*ms, 0)}, nil},
		{"a set-uid program", []*Event{opens(0, 1000), changes(10*ms, user, ids(1000, 0, all)), execs(11*ms, decode.ExecSecure, 1000)}, nil},
		{"told after the exec (tracepoint tier)", []*Event{execs(0, decode.ExecSecure, 1000), changes(ms, user, ids(1000, 0, all))}, nil},
		{"sudo becomes root wholly", []*Event{changes(0, ids(1000, 0, all), root), opens(10*ms, 0)}, nil},
		{"a daemon with the capability changes to another user", []*Event{changes(0, ids(33, 33, capSetUID), root), opens(ms, 0)}, nil},
		{"root becomes a user", []*Event{changes(0, root, user), opens(ms, 1000)}, nil},
		{"root within a new user namespace", []*Event{changes(0, user, inside(ids(1000, 1000, all))), opens(ms, 1000)}, nil},
		{"an older record, read later", []*Event{changes(10*ms, root, user), opens(5*ms, 0), opens(20*ms, 1000)}, nil},
		{"another thread", []*Event{opens(0, 1000), thread}, nil},
		{"records were lost", []*Event{opens(0, 1000), lost, opens(20*ms, 0)}, nil},
	})
}
