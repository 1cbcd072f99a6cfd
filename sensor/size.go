package sensor

import (
	"fmt"
	"strconv"
	"strings"
)

// Size is a number of bytes, written as 4096, 64KiB or 16MiB.
type Size uint32

// ParseSize reads a size.
func ParseSize(text string) (Size, error) {
	number, shift := text, 0
	for suffix, by := range map[string]int{"KiB": 10, "MiB": 20, "GiB": 30} {
		if n, ok := strings.CutSuffix(text, suffix); ok {
			number, shift = n, by
		}
	}
	n, err := strconv.ParseUint(strings.TrimSpace(number), 10, 32)
	if err != nil || n > (1<<32-1)>>shift {
		return 0, fmt.Errorf("%q is no size: write a number of bytes, KiB, MiB or GiB", text)
	}
	return Size(n << shift), nil
}

func (s Size) String() string {
	switch {
	case s >= 1<<20 && s%(1<<20) == 0:
		return fmt.Sprintf("%dMiB", s>>20)
	case s >= 1<<10 && s%(1<<10) == 0:
		return fmt.Sprintf("%dKiB", s>>10)
	}
	return strconv.FormatUint(uint64(s), 10)
}

// UnmarshalText reads a size, for the configuration file and the command line.
func (s *Size) UnmarshalText(text []byte) (err error) {
	*s, err = ParseSize(string(text))
	return err
}

// UnmarshalYAML takes a bare number too.
func (s *Size) UnmarshalYAML(text []byte) error {
	return s.UnmarshalText([]byte(strings.Trim(strings.TrimSpace(string(text)), `"'`)))
}
