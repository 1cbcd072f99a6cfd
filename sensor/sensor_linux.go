package sensor

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"math/rand/v2"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"vigil/bpf"
	"vigil/decode"
	"vigil/sensor/process"
)

// Sensor captures, judges and hands out. Run runs it.
type Sensor struct {
	config  atomic.Pointer[Config]
	log     *slog.Logger
	version string
	sinks   []Sink

	capture    *bpf.Capture
	table      *process.Table
	judge      *judge
	judging    bool
	heap       *heap // nil: GOGC says how much garbage may gather
	sampler    *sampler
	names      *names
	bootOffset int64 // boot time to wall time, ns
	bootSeed   uint64
	hostname   string
	asks       chan func()
	upstream   func() *Upstream // nil: nobody ships
	unshipped  unshipped

	// The pipeline's own.
	event      Event
	actors     [2]decode.Actor
	users      memo[string] // of the batch
	containers memo[decode.Container]
	userHashes memo[uint64]
	gaps       gaps
	loss       lossRecord
	lost       map[bpf.Lost]uint64 // without Records: told already
	lossTime   uint64
	losses     uint64 // as of the last look
	ticks      uint64
	due        time.Time // of the next tick

	skippedDue time.Time
	events     [decode.KindCount]uint64
	records    uint64
	bytes      uint64
	alerts     uint64
	damaged    uint64
	repairs    uint64
	peaks      [decode.RingCount]int
	started    time.Time
	repair     repair
	scope      scope
}

// Share says that there is more in this process than the sensor: when garbage is collected
// is not the sensor's to say. Call it before Run.
func (s *Sensor) Share() { s.heap = nil }

// New loads the programs and makes everything ready; Run begins.
func New(c Config, version string, log *slog.Logger) (*Sensor, error) {
	s := &Sensor{
		log: log, version: version, asks: make(chan func(), 16), heap: newHeap(), sampler: newSampler(),
		lost: map[bpf.Lost]uint64{}, lossTime: now(), started: time.Now(),
	}
	if os.Getenv("GOGC") != "" {
		s.heap = nil
	}
	s.config.Store(&c)
	if err := smallPages(true); err != nil {
		s.log.Debug("start", "error", err)
	}
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return nil, fmt.Errorf("read the boot ID: %w", err)
	}
	h := fnv.New64a()
	h.Write(boot)
	s.bootSeed = h.Sum64()
	if s.bootOffset, err = bootOffset(); err != nil {
		return nil, err
	}
	if s.hostname, err = os.Hostname(); err != nil {
		return nil, fmt.Errorf("read the host's name: %w", err)
	}
	rules, err := s.loadRules(&c)
	if err != nil {
		return nil, err
	}
	s.names = newNames(log)
	if err := s.load(&c); err != nil {
		return nil, errors.Join(err, s.names.close())
	}
	s.table = process.New(process.Settings{MaxLive: int(c.Processes), BootSeed: s.bootSeed})
	s.judging = c.Judge
	s.judge = newJudge(rules, s.table, s.Meta(), rand.Uint64(), s.tellAlert)
	s.judge.user, s.judge.look = s.names.user, s.sampler.ask
	s.judge.book.Suppress(c.Suppress)
	return s, nil
}

func (s *Sensor) load(c *Config) error {
	settings, err := s.settings(c)
	if err != nil {
		return err
	}
	if s.capture, err = bpf.Load(settings); err != nil {
		return fmt.Errorf("start capturing: %w", err)
	}
	if err := forget(); err != nil {
		s.log.Debug("start", "error", err)
	}
	if err := s.watch(c); err != nil {
		return errors.Join(err, s.capture.Close())
	}
	return nil
}

// AddSink adds a taker of events. Call it before Run.
func (s *Sensor) AddSink(k Sink) { s.sinks = append(s.sinks, k) }

func (s *Sensor) settings(c *Config) (bpf.Settings, error) {
	if err := c.Check(); err != nil {
		return bpf.Settings{}, err
	}
	tier, ok := bpf.ParseTier(c.Tier)
	if !ok {
		return bpf.Settings{}, fmt.Errorf("tier: %q is none: give full, kprobe or tracepoint", c.Tier)
	}
	kinds, err := c.kinds()
	if err != nil {
		return bpf.Settings{}, err
	}
	b := bpf.Settings{
		Tier: tier, BootSeed: s.bootSeed, SelfPID: uint32(os.Getpid()), CgroupController: s.names.controller(),
		ArgumentsMax: uint32(c.Arguments), VitalBytes: uint32(c.Vital), BulkBytes: uint32(c.Bulk),
		Processes: c.Processes, Kinds: kinds,
	}
	if s.scope, err = parseScope(c.Scope); err != nil {
		return b, err
	}
	switch s.scope.kind {
	case scopeSelf:
		b.Scope, b.ScopePID = bpf.ScopeProcess, b.SelfPID
	case scopePID:
		b.Scope, b.ScopePID = bpf.ScopeProcess, s.scope.pid
		if _, err := os.Stat(fmt.Sprintf("/proc/%d", s.scope.pid)); err != nil {
			return b, fmt.Errorf("scope: no process %d runs: %w", s.scope.pid, err)
		}
	case scopeCgroup:
		b.Scope = bpf.ScopeCgroup
		b.ScopeCgroup, b.ScopeCgroupLevel, err = cgroupOf(s.scope.path)
	}
	return b, err
}

func (s *Sensor) watch(c *Config) error {
	if !c.Shows(decode.KindFileRead) {
		return s.capture.Watch(nil)
	}
	names := make([]string, 0, len(c.Watch))
	for _, w := range c.Watch {
		names = append(names, watchName(w))
	}
	return s.capture.Watch(names)
}

// Reload takes what may change while running: kinds, watched paths, whether and by what
// to judge. It gives the keys of what else has changed, which a restart would take. What
// cannot be taken changes nothing.
func (s *Sensor) Reload(ctx context.Context, to Config) (restart []string, err error) {
	if err := to.Check(); err != nil {
		return nil, err
	}
	old := s.config.Load()
	c := *old
	c.Kinds, c.Watch, c.Judge = to.Kinds, to.Watch, to.Judge
	c.Rules, c.Intelligence, c.Suppress, c.Extra = to.Rules, to.Intelligence, to.Suppress, to.Extra
	rules, err := s.loadRules(&c)
	if err != nil {
		return nil, err
	}
	if err := s.aim(&c); err != nil {
		return nil, errors.Join(err, s.aim(old))
	}
	// Between two events: none is missed, and none judged by half of either.
	if err := s.Ask(ctx, func() {
		s.judging = c.Judge
		s.judge.use(rules)
		s.judge.book.Suppress(c.Suppress)
	}); err != nil {
		return nil, err
	}
	s.config.Store(&c)
	return c.differs(&to), nil
}

// aim tells the kernel what to capture.
func (s *Sensor) aim(c *Config) error {
	kinds, err := c.kinds()
	if err != nil {
		return err
	}
	if err := s.capture.SetKinds(kinds); err != nil {
		return err
	}
	return s.watch(c)
}

// loadRules loads the rules, and warns of those that cannot be. What the server says is
// checked though nothing is judged.
func (s *Sensor) loadRules(c *Config) (*Rules, error) {
	if !c.Judge && c.Extra.Empty() {
		return noRules()
	}
	r, err := loadRules(c.Rules, c.Intelligence, &c.Extra)
	if err != nil {
		return nil, err
	}
	for _, p := range r.Problems {
		s.log.Warn("a rule is not loaded", "problem", p)
	}
	if !c.Judge {
		return noRules()
	}
	return r, nil
}

// Coverage says how each kind is captured.
func (s *Sensor) Coverage() []bpf.Coverage { return s.capture.Coverage() }

// Ask runs f in the pipeline's goroutine and waits for it.
func (s *Sensor) Ask(ctx context.Context, f func()) error {
	done := make(chan struct{})
	select {
	case s.asks <- func() { f(); close(done) }:
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := s.capture.Interrupt(); err != nil {
		return err
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// bootOffset is what turns boot time into wall time.
func bootOffset() (int64, error) {
	var boot, wall unix.Timespec
	if err := errors.Join(unix.ClockGettime(unix.CLOCK_BOOTTIME, &boot), unix.ClockGettime(unix.CLOCK_REALTIME, &wall)); err != nil {
		return 0, fmt.Errorf("read the clocks: %w", err)
	}
	return wall.Nano() - boot.Nano(), nil
}

// cgroupOf finds the ID and depth of a cgroup v2.
func cgroupOf(path string) (id uint64, level uint32, err error) {
	for _, root := range []string{"/sys/fs/cgroup", "/sys/fs/cgroup/unified"} {
		var fs unix.Statfs_t
		if unix.Statfs(root, &fs) != nil || fs.Type != unix.CGROUP2_SUPER_MAGIC {
			continue
		}
		var st unix.Stat_t
		if err := unix.Stat(root+path, &st); err != nil {
			return 0, 0, fmt.Errorf("scope: cgroup %s: %w", path, err)
		}
		clean := strings.Trim(path, "/")
		if clean != "" {
			level = uint32(strings.Count(clean, "/") + 1)
		}
		return st.Ino, level, nil
	}
	return 0, 0, errors.New("scope: no cgroup v2 hierarchy is mounted under /sys/fs/cgroup")
}
