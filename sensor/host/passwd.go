package host

import (
	"bytes"
	"strconv"
)

// parsePasswd reads name:password:uid:... lines (passwd(5)) and gives at most so many
// names, and how many users more there were. The first line of a number counts,
// as for getpwuid. Lines that are none, comments and those of NIS are skipped.
func parsePasswd(text []byte, most int) (names map[uint32]string, dropped int) {
	names = map[uint32]string{}
	for line := range bytes.Lines(text) {
		name, rest, _ := bytes.Cut(bytes.TrimRight(line, "\r\n"), []byte(":"))
		_, rest, _ = bytes.Cut(rest, []byte(":"))
		number, _, ok := bytes.Cut(rest, []byte(":"))
		if !ok || len(name) == 0 || len(name) > maxUserName || name[0] == '#' || name[0] == '+' || name[0] == '-' {
			continue
		}
		uid, err := strconv.ParseUint(string(number), 10, 32)
		if err != nil {
			continue
		}
		if _, known := names[uint32(uid)]; known {
			continue
		}
		if len(names) == most {
			dropped++
			continue
		}
		names[uint32(uid)] = string(name)
	}
	return names, dropped
}
