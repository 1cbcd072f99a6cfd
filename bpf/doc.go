// Package bpf holds the kernel programs of the Linux sensor, loads them, attaches
// them in the best tier that the running kernel allows, hook by hook, and hands
// out what they write: two rings of records, counters of what was lost.
//
// The C side is one object made of small files by topic; event.h is the one
// definition of every record. The compiled objects are committed: building the
// sensor needs no clang.
package bpf

//go:generate go tool bpf2go -cc clang-19 -strip llvm-strip-19 -target amd64,arm64 -cflags "-O2 -g -Wall -Werror -mcpu=v3" -type kind vigil vigil.bpf.c
