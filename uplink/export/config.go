package export

import (
	"errors"
	"fmt"
	"time"
)

// Config is one export: what goes, and where. Exactly one destination is given.
type Config struct {
	Name     string
	Filter   Filter
	Queue    Queue
	Batch    Batch
	Retry    Retry
	Timeout  time.Duration // of one attempt; 0: 30 s
	Grace    time.Duration // for the attempt under way when the exporter stops; 0: 5 s
	Snapshot *Snapshot     // nil: what comes is handed on as it comes

	Syslog   *Syslog
	File     *File
	Splunk   *Splunk
	Elastic  *Elastic
	OTLP     *OTLP
	Sentinel *Sentinel
	Kafka    *Kafka
	Webhook  *Webhook
}

// Batch says how much goes at once.
type Batch struct {
	Items int           // 0: 1000
	Bytes int           // of the items; 0: 1 MiB
	Delay time.Duration // wait for more, at most; 0: 1 s
}

// kind is what destinations have in common.
type kind interface {
	check() error
	open(c *Config, s Services) (destination, error)
}

// destinations gives those that are set, by the names of their fields.
func (c *Config) destinations() map[string]kind {
	set := map[string]kind{}
	add := func(name string, is bool, k kind) {
		if is {
			set[name] = k
		}
	}
	add("syslog", c.Syslog != nil, c.Syslog)
	add("file", c.File != nil, c.File)
	add("splunk", c.Splunk != nil, c.Splunk)
	add("elastic", c.Elastic != nil, c.Elastic)
	add("otlp", c.OTLP != nil, c.OTLP)
	add("sentinel", c.Sentinel != nil, c.Sentinel)
	add("kafka", c.Kafka != nil, c.Kafka)
	add("webhook", c.Webhook != nil, c.Webhook)
	return set
}

func (c *Config) wrap(err error) error { return fmt.Errorf("export %q: %w", c.Name, err) }

// Check says what is wrong with the configuration, if anything: which field, and what
// to do.
func (c *Config) Check() error {
	if c.Name == "" {
		return errors.New("export: name: give it one")
	}
	if err := c.check(); err != nil {
		return c.wrap(err)
	}
	return nil
}

func (c *Config) check() error {
	if err := c.Filter.check(); err != nil {
		return err
	}
	for _, f := range []struct {
		field string
		n     int64
		most  int64
	}{
		{"queue.bytes", c.Queue.Bytes, 1 << 40},
		{"queue.age", int64(c.Queue.Age), int64(365 * 24 * time.Hour)},
		{"batch.items", int64(c.Batch.Items), 1 << 16},
		{"batch.bytes", int64(c.Batch.Bytes), 64 << 20},
		{"batch.delay", int64(c.Batch.Delay), int64(time.Hour)},
		{"retry.first", int64(c.Retry.First), int64(time.Hour)},
		{"retry.most", int64(c.Retry.Most), int64(24 * time.Hour)},
		{"retry.for", int64(c.Retry.For), int64(365 * 24 * time.Hour)},
		{"timeout", int64(c.Timeout), int64(time.Hour)},
		{"grace", int64(c.Grace), int64(time.Hour)},
	} {
		if f.n < 0 || f.n > f.most {
			return fmt.Errorf("%s: %d is out of range: give 0 (the default) to %d", f.field, f.n, f.most)
		}
	}
	if c.Queue.Bytes != 0 && c.Queue.Bytes < 1<<20 {
		return fmt.Errorf("queue.bytes: %d is too small: give at least %d, or 0 for 256 MiB", c.Queue.Bytes, 1<<20)
	}
	if c.Snapshot != nil {
		if err := c.Snapshot.check(); err != nil {
			return err
		}
	}
	set := c.destinations()
	if len(set) != 1 {
		return fmt.Errorf("%d destinations are given: give one of syslog, file, splunk, elastic, otlp, sentinel, kafka, webhook", len(set))
	}
	for name, k := range set {
		if err := k.check(); err != nil {
			return fmt.Errorf("%s.%w", name, err)
		}
	}
	return nil
}

func (c *Config) open(s Services) (destination, error) {
	for name, k := range c.destinations() {
		to, err := k.open(c, s)
		if err != nil {
			return nil, fmt.Errorf("open %s: %w", name, err)
		}
		return to, nil
	}
	return nil, errors.New("no destination")
}

func (c Config) withDefaults() Config {
	c.Retry = c.Retry.withDefaults()
	if c.Batch.Items == 0 {
		c.Batch.Items = 1000
	}
	if c.Batch.Bytes == 0 {
		c.Batch.Bytes = 1 << 20
	}
	if c.Batch.Delay == 0 {
		c.Batch.Delay = time.Second
	}
	if c.Timeout == 0 {
		c.Timeout = 30 * time.Second
	}
	if c.Grace == 0 {
		c.Grace = 5 * time.Second
	}
	return c
}
