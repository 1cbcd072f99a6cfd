package container

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"
)

func dockerPath(n int) string { return fmt.Sprintf("/docker/%064x", n) }

func TestObserveAndForget(t *testing.T) {
	c := &clock{}
	r := newResolver(t, Settings{Root: newRoot(t).path, Grace: time.Minute, Now: c.now})
	if info, ok := r.Lookup(1); ok || info != nil {
		t.Fatalf("an unknown cgroup is %+v", info)
	}
	r.Observe(1, "/system.slice/ssh.service")
	r.Observe(2, "/docker/"+idA)
	r.Observe(3, "/lxc.payload.web/init.scope")
	if info, ok := r.Lookup(1); !ok || *info != (Info{CgroupID: 1, CgroupPath: "/system.slice/ssh.service"}) {
		t.Errorf("a service is %+v", info)
	}
	if info, ok := r.Lookup(2); !ok || *info != (Info{CgroupID: 2, CgroupPath: "/docker/" + idA, ID: idA, Runtime: Docker}) {
		t.Errorf("a container is %+v", info)
	}
	if info, ok := r.Lookup(3); !ok || info.Name != "web" || info.Runtime != LXC {
		t.Errorf("an LXC container is %+v", info)
	}
	if s := r.Stats(); s.Cgroups != 3 || s.Containers != 2 || s.Evicted != 0 {
		t.Errorf("%+v", s)
	}

	r.Forget(2)
	r.Forget(99)
	c.advance(59 * time.Second)
	r.Forget(2) // a second word does not prolong it
	if _, ok := r.Lookup(2); !ok {
		t.Error("it is gone before its grace time")
	}
	c.advance(time.Second)
	r.Observe(1, "/system.slice/ssh.service")
	r.Observe(4, "/x")
	if _, ok := r.Lookup(2); ok {
		t.Error("it stays beyond its grace time")
	}
	if s := r.Stats(); s.Cgroups != 3 || s.Containers != 1 || s.Evicted != 0 {
		t.Errorf("%+v", s)
	}

	r.Forget(3)
	r.Observe(3, "/lxc.payload.web/init.scope") // a scan saw it, so it lives
	c.advance(2 * time.Minute)
	r.Observe(5, "/y")
	if _, ok := r.Lookup(3); !ok {
		t.Error("an observed cgroup goes")
	}
	r.Observe(3, "/other")
	if info, _ := r.Lookup(3); info.ID != "" || info.CgroupPath != "/other" {
		t.Errorf("after a renaming it is %+v", info)
	}
}

// The least valuable goes first, and what goes is counted.
func TestEviction(t *testing.T) {
	r := newResolver(t, Settings{Root: newRoot(t).path, Max: 16})
	for i := range 8 {
		r.Observe(uint64(i), dockerPath(i))
	}
	for i := 8; i < 16; i++ {
		r.Observe(uint64(i), fmt.Sprintf("/system.slice/%d.service", i))
	}
	r.Forget(3)
	r.Observe(100, "/a")
	if _, ok := r.Lookup(3); ok {
		t.Error("a removed cgroup is kept in favour of others")
	}
	for i := range 8 {
		r.Observe(uint64(200+i), dockerPath(200+i))
	}
	r.Observe(300, dockerPath(300))
	for _, gone := range []uint64{3, 8, 15} {
		if _, ok := r.Lookup(gone); ok {
			t.Errorf("%d is still there", gone)
		}
	}
	for _, here := range []uint64{0, 1, 7, 200, 300} {
		if _, ok := r.Lookup(here); !ok {
			t.Errorf("%d is gone", here)
		}
	}
	if s := r.Stats(); s.Cgroups != 16 || s.Evicted != 10 || s.Containers != 16 {
		t.Errorf("%+v", s)
	}
	for i := range 1000 {
		r.Observe(uint64(1000+i), dockerPath(1000+i))
	}
	if s := r.Stats(); s.Cgroups != 16 || s.Waiting > 32 {
		t.Errorf("%+v", s)
	}
}

// The table against a map, by chance.
func TestTable(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	tab, model, l := newTable(64), map[uint64]*entry{}, &list{}
	for range 20_000 {
		id := random.Uint64N(200)
		e := tab.get(id)
		if e != model[id] {
			t.Fatalf("%d is %p, not %p", id, e, model[id])
		}
		if e == nil {
			e = &entry{id: id}
			tab.add(e)
			l.push(e)
			model[id] = e
		} else {
			e.leave()
			tab.remove(e)
			delete(model, id)
		}
	}
	n := 0
	for e := l.oldest; e != nil; e = e.newer {
		if model[e.id] != e {
			t.Fatalf("%d is listed but gone", e.id)
		}
		n++
	}
	if n != len(model) || n != l.length {
		t.Fatalf("%d are listed, %d counted, %d are there", n, l.length, len(model))
	}
}

// Readers among writers: what is found is whole.
func TestConcurrentUse(t *testing.T) {
	r := newResolver(t, Settings{Root: newRoot(t).path, Max: 64})
	var writers, readers sync.WaitGroup
	stop := make(chan struct{})
	for w := range 2 {
		writers.Go(func() {
			for i := range 3000 {
				id := uint64(i*2 + w)
				r.Observe(id, dockerPath(int(id)))
				r.Forget(id - 40)
			}
		})
	}
	readers.Go(func() {
		for i := uint64(0); ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			id := i % 6000
			if info, ok := r.Lookup(id); ok && (info.CgroupID != id || info.CgroupPath != dockerPath(int(id))) {
				t.Errorf("%d is %+v", id, info)
				return
			}
		}
	})
	writers.Wait()
	close(stop)
	readers.Wait()
}

func TestLookupAllocatesNothing(t *testing.T) {
	r := newResolver(t, Settings{Root: newRoot(t).path})
	for i := range uint64(1000) {
		r.Observe(i, dockerPath(int(i)))
	}
	if n := testing.AllocsPerRun(1000, func() {
		if _, ok := r.Lookup(77); !ok {
			t.Fatal("lost")
		}
		if _, ok := r.Lookup(1 << 40); ok {
			t.Fatal("found")
		}
		r.Resolve(77, 1)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkLookup(b *testing.B) {
	r := newResolver(b, Settings{Root: newRoot(b).path})
	for i := range uint64(4000) {
		r.Observe(i*3+5000, dockerPath(int(i)))
	}
	b.Run("hit", func(b *testing.B) {
		b.ReportAllocs()
		i := uint64(0)
		for b.Loop() {
			if i++; i == 4000 {
				i = 0
			}
			if _, ok := r.Lookup(i*3 + 5000); !ok {
				b.Fatal("lost")
			}
		}
	})
	b.Run("miss", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, ok := r.Lookup(1); ok {
				b.Fatal("found")
			}
		}
	})
	b.Run("parallel", func(b *testing.B) {
		b.RunParallel(func(p *testing.PB) {
			for p.Next() {
				r.Lookup(5003)
			}
		})
	})
}

func BenchmarkObserve(b *testing.B) {
	r := newResolver(b, Settings{Root: newRoot(b).path})
	b.ReportAllocs()
	for i := uint64(0); b.Loop(); i++ {
		r.Observe(i, "/system.slice/some-unit.service")
		r.Forget(i)
	}
}
