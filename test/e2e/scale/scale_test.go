//go:build linux

package scale

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"vigil/uplink/server/controltest"
	"vigil/uplink/store/storetest"
)

// Everything ends again and again, the network is cut, one spool's disk is full: what
// the spools acknowledged is in the store once, and what they dropped is told.
func TestExactlyOnce(t *testing.T) {
	program, z, n := built(t), sized(), newNetwork(t)
	c := begin(t, z, n, newServer(t, program, n.server))
	c.run(nil)
}

// The same with what several servers would share: a cluster of VictoriaLogs, of which a
// node is stopped for a while, and PostgreSQL.
func TestExactlyOnceInACluster(t *testing.T) {
	program, z, n := built(t), sized(), newNetwork(t)
	nodes := storetest.Place{Command: []string{"ip", "netns", "exec", n.server}, Dial: dialer(n.server)}.Start(t, 5*time.Second)
	s := newServer(t, program, n.server, "--store", nodes.URL(), "--database", controltest.Postgres(t))
	begin(t, z, n, s).run(nodes.Nodes[1])
}

// course is what happens while sensors ship.
type course struct {
	t       *testing.T
	size    size
	network *network
	server  *server
	hosts   []*host
	began   time.Time

	kills, hostKills int
	cut              time.Duration
}

func begin(t *testing.T, z size, n *network, s *server) *course {
	return &course{t: t, size: z, network: n, server: s, hosts: newHosts(t, s, n, z), began: time.Now()}
}

// step is something that happens when a share of all events was acknowledged.
type step struct {
	percent uint64
	do      func()
}

// run goes the way. The node, if any, is stopped for a while in its last third.
func (c *course) run(node *storetest.Node) {
	c.t.Helper()
	host := func(i int) func() { return func() { c.killHost(i) } }
	steps := []step{{5, c.killServer}, {10, host(0)}, {15, c.killServer}, {20, host(sensors - 1)}, {30, c.cutOff}, {60, c.killServer}, {65, host(1)}}
	if node != nil {
		steps = append(steps, step{68, func() { node.End(syscall.SIGTERM) }}, step{75, node.Start})
	}
	steps = append(steps, step{80, host(sensors - 2)}, step{85, c.killServer}, step{90, host(2)})
	for _, s := range steps {
		until(c.t, fmt.Sprintf("%d %% are acknowledged", s.percent), func() bool {
			return c.acknowledged()*100 >= s.percent*uint64(c.size.events)
		})
		s.do()
	}
	for _, h := range c.hosts {
		h.finish()
	}
	c.killServer() // while it has all, and its store not yet
	c.verify()
}

func (c *course) acknowledged() (rows uint64) {
	for _, h := range c.hosts {
		rows += h.acknowledged()
	}
	return rows
}

func (c *course) killServer() {
	c.server.kill()
	c.server.start()
	c.kills++
}

func (c *course) killHost(i int) {
	c.hosts[i].kill()
	c.hosts[i].start()
	c.hostKills++
}

// cutOff cuts the network until the small spools have dropped something, and for long.
func (c *course) cutOff() {
	began := time.Now()
	c.network.connect(c.t, false)
	time.Sleep(c.size.cut) // how long it is cut is what is asked for
	until(c.t, "the small spools drop", func() bool {
		return len(c.hosts[sensors-1].drops()) > 0 && len(c.hosts[sensors-2].drops()) > 0
	})
	c.network.connect(c.t, true)
	c.cut = time.Since(began)
}
