//go:build !linux

package container

import "errors"

// Scan fails: there are cgroups on Linux only.
func (r *Resolver) Scan(string) (int, error) { return 0, errors.ErrUnsupported }

// FromPID fails: there are cgroups on Linux only.
func (r *Resolver) FromPID(uint32) (*Info, error) { return nil, errors.ErrUnsupported }

func (r *Resolver) fromHandle(uint64) (*Info, error) { return nil, errors.ErrUnsupported }
