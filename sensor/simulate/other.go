//go:build !linux

package simulate

import (
	"context"
	"errors"
	"os/exec"
)

type stage struct{}

func (s *stage) event(string, []string, part) error { return errors.ErrUnsupported }

func (s *stage) run(string, program) error { return errors.ErrUnsupported }

func (s *stage) pipe(program, program) error { return errors.ErrUnsupported }

func (s *stage) contained(func() error) error { return errors.ErrUnsupported }

// Part plays no part here.
func Part() bool { return false }

// Command gives no command here.
func Command(context.Context, string) (*exec.Cmd, error) { return nil, errors.ErrUnsupported }
