package process

import "testing"

// BenchmarkApply is a process from fork to exit: three records, and its expiry.
func BenchmarkApply(b *testing.B) {
	tab := newTable(Settings{})
	c := newCycle()
	for range 40_000 { // until the first go
		c.run(tab)
	}
	b.ReportAllocs()
	for b.Loop() {
		c.run(tab)
	}
}

// BenchmarkLookup is among as many processes as the kernel's table holds.
func BenchmarkLookup(b *testing.B) {
	for name, processes := range map[string]uint64{"500": 500, "65536": 65536} {
		b.Run(name, func(b *testing.B) {
			tab := newTable(Settings{})
			ids := make([]uint64, processes)
			for i := range processes {
				pid := uint32(1000 + i)
				ids[i] = execID(testSeed, pid, i)
				tab.Apply(forkOf(head(10, 1, 100, second), ids[i], pid))
			}
			b.ReportAllocs()
			i, found := uint64(0), 0
			for b.Loop() {
				if i++; i == processes {
					i = 0
				}
				if tab.Lookup(ids[i]) != nil {
					found++
				}
			}
			if found == 0 {
				b.Fatal("nothing found")
			}
		})
	}
}

func BenchmarkMiss(b *testing.B) {
	tab := newTable(Settings{})
	for i := range uint64(1000) {
		tab.Apply(forkOf(head(10, 1, 100, second), execID(testSeed, uint32(1000+i), i), uint32(1000+i)))
	}
	i := uint64(0)
	for b.Loop() {
		i++
		if tab.Lookup(i<<20) != nil {
			b.Fatal("found")
		}
	}
}

func BenchmarkAncestry(b *testing.B) {
	tab := newTable(Settings{})
	for i := range uint64(10) {
		tab.Apply(forkOf(head(10+i, 9+i, uint32(10+i), second), 11+i, uint32(11+i)))
	}
	p := tab.Lookup(20)
	n := 0
	for b.Loop() {
		tab.Ancestry(p, func(*Process) bool { n++; return true })
	}
	b.ReportMetric(float64(n)/float64(b.N), "ancestors/op")
}

func BenchmarkSnapshot(b *testing.B) {
	tab := newTable(Settings{Grace: timeOf(second)})
	c := newCycle()
	for range 1000 {
		c.run(tab)
	}
	b.ReportAllocs()
	for b.Loop() {
		if len(tab.Snapshot()) == 0 {
			b.Fatal("empty")
		}
	}
	b.ReportMetric(float64(tab.Len()), "entries")
}
