package bpf

import (
	"maps"
	"slices"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"
)

// twins finds programs that are the same to the last instruction, such as those of
// open, openat and creat: one of them is loaded, and serves the others too. It gives
// the name of that one by the names of the others.
//
// What is attached by its own target, known to the kernel when it is loaded, has no
// twin. Neither has a spare: the kernel skips a program that runs already.
func twins(programs map[string]*ebpf.ProgramSpec) map[string]string {
	found := map[string]string{}
	bySize := map[int][]string{}
	for _, name := range slices.Sorted(maps.Keys(programs)) {
		p := programs[name]
		if p.Type != ebpf.Kprobe && !dispatched(name) {
			continue
		}
		others := bySize[len(p.Instructions)]
		i := slices.IndexFunc(others, func(other string) bool { return equal(p, programs[other]) })
		if i >= 0 {
			found[name] = others[i]
		} else {
			bySize[len(p.Instructions)] = append(others, name)
		}
	}
	return found
}

// equal tells whether two programs do the same; their functions may have other names.
func equal(a, b *ebpf.ProgramSpec) bool {
	if a.Type != b.Type || a.AttachType != b.AttachType || a.Type != ebpf.Kprobe && a.AttachTo != b.AttachTo ||
		len(a.Instructions) != len(b.Instructions) {
		return false
	}
	ofA, ofB := beginnings(a.Instructions), beginnings(b.Instructions)
	for i := range a.Instructions {
		x, y := &a.Instructions[i], &b.Instructions[i]
		if x.OpCode != y.OpCode || x.Dst != y.Dst || x.Src != y.Src || x.Offset != y.Offset || x.Constant != y.Constant {
			return false
		}
		if f, ok := ofA[x.Reference()]; ok {
			if g, ok := ofB[y.Reference()]; !ok || f != g {
				return false
			}
		} else if x.Reference() != y.Reference() {
			return false
		}
		if !sameFunction(btf.FuncMetadata(x), btf.FuncMetadata(y), i == 0) || !sameRelocation(x, y) {
			return false
		}
	}
	return true
}

// beginnings gives where each function begins.
func beginnings(instructions asm.Instructions) map[string]int {
	at := map[string]int{}
	for i := range instructions {
		if name := instructions[i].Symbol(); name != "" {
			at[name] = i
		}
	}
	return at
}

// sameFunction compares what begins at an instruction. Of a global function the
// kernel believes the types of its arguments; the entry's is the program type's.
func sameFunction(a, b *btf.Func, entry bool) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Linkage == b.Linkage && (entry || a.Linkage == btf.StaticFunc || a == b)
}

func sameRelocation(a, b *asm.Instruction) bool {
	x, y := btf.CORERelocationMetadata(a), btf.CORERelocationMetadata(b)
	return x == y || x != nil && y != nil && x.String() == y.String()
}
