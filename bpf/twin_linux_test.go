package bpf

import (
	"slices"
	"strings"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"
)

// Programs that differ in their function's name alone are loaded once; spares, and
// what the kernel binds to its target when it loads it, never share.
func TestTwins(t *testing.T) {
	spec, err := loadVigil()
	if err != nil {
		t.Fatal(err)
	}
	found := twins(spec.Programs)
	for _, pair := range [][2]string{
		{"exit_sys_openat", "exit_sys_creat"}, {"enter_sys_setuid", "enter_sys_capset"}, {"kretprobe_sys_lchown", "kretprobe_sys_chown"},
	} {
		if got := found[pair[0]]; got != pair[1] {
			t.Errorf("%s is loaded as %q, want %s", pair[0], got, pair[1])
		}
	}
	for name, own := range found {
		if spec.Programs[name].Type != ebpf.Kprobe && !dispatched(name) || strings.HasSuffix(name, spare) {
			t.Errorf("%s is loaded as %s", name, own)
		}
		if _, chained := found[own]; chained {
			t.Errorf("%s is loaded as %s, which is not loaded itself", name, own)
		}
	}
}

// One changed instruction of any sort makes another program.
func TestNoTwins(t *testing.T) {
	spec, err := loadVigil()
	if err != nil {
		t.Fatal(err)
	}
	const a, b = "exit_sys_creat", "exit_sys_openat"
	any := func(*asm.Instruction) bool { return true }
	for name, c := range map[string]struct {
		which  func(*asm.Instruction) bool
		change func(*asm.Instruction)
	}{
		"constant":   {any, func(i *asm.Instruction) { i.Constant++ }},
		"register":   {any, func(i *asm.Instruction) { i.Dst ^= 1 }},
		"offset":     {any, func(i *asm.Instruction) { i.Offset++ }},
		"map":        {(*asm.Instruction).IsLoadFromMap, func(i *asm.Instruction) { *i = i.WithReference("another") }},
		"function":   {(*asm.Instruction).IsFunctionReference, func(i *asm.Instruction) { *i = i.WithReference(b) }},
		"relocation": {func(i *asm.Instruction) bool { return btf.CORERelocationMetadata(i) != nil }, func(i *asm.Instruction) { i.Metadata = asm.Metadata{} }},
	} {
		t.Run(name, func(t *testing.T) {
			changed := spec.Programs[b].Copy()
			if !equal(spec.Programs[a], changed) {
				t.Fatal("they are not equal to begin with")
			}
			i := slices.IndexFunc(changed.Instructions, func(i asm.Instruction) bool { return c.which(&i) })
			c.change(&changed.Instructions[i])
			if equal(spec.Programs[a], changed) {
				t.Error("still taken for the same")
			}
		})
	}
}
