package export

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"
)

// Kafka is a topic of a Kafka cluster. A record's value is the OCSF JSON, its key the
// sensor, so that what one sensor tells stays in order.
type Kafka struct {
	Brokers   []string `json:"brokers"` // host:port
	Topic     string   `json:"topic"`
	Encrypt   bool     `json:"encrypt,omitempty"` // by TLS
	TLS       TLS      `json:"tls,omitzero"`
	Mechanism string   `json:"mechanism,omitempty"` // of SASL: empty (none), plain, scram-sha-256, scram-sha-512
	User      string   `json:"user,omitempty"`
	Password  Secret   `json:"password,omitempty"`
	MaxBytes  int      `json:"maxBytes,omitempty"` // of a record batch, as the topic's max.message.bytes; 0: 1000012, Kafka's own default
}

func (c *Kafka) check() error {
	if len(c.Brokers) == 0 {
		return errors.New("brokers: give one or more, such as kafka.example:9092")
	}
	for _, b := range c.Brokers {
		if err := checkAddress("brokers", b); err != nil {
			return err
		}
	}
	if c.Topic == "" {
		return errors.New("topic: give one")
	}
	if !c.Encrypt && c.TLS != (TLS{}) {
		return errors.New("tls: encrypt is not set: set it, or leave tls out")
	}
	if c.MaxBytes != 0 && c.MaxBytes < 1024 || c.MaxBytes > 1<<30 {
		return fmt.Errorf("maxBytes: %d: give 1024 to %d, or 0 for Kafka's default", c.MaxBytes, 1<<30)
	}
	if _, err := c.mechanism(); err != nil {
		return err
	}
	return c.TLS.check()
}

func (c *Kafka) where() string { return strings.Join(c.Brokers, ",") }

func (c *Kafka) secrets(f func(string, *Secret)) {
	if c.Mechanism != "" {
		f("password", &c.Password)
	}
}

func (c *Kafka) mechanism() (sasl.Mechanism, error) {
	if c.Mechanism != "" && (c.User == "" || c.Password == "") {
		return nil, errors.New("mechanism: it needs user and password: give both")
	}
	switch c.Mechanism {
	case "":
		if c.User != "" || c.Password != "" {
			return nil, errors.New("user: there is no mechanism for it: give plain, scram-sha-256 or scram-sha-512")
		}
		return nil, nil
	case "plain":
		return plain.Auth{User: c.User, Pass: string(c.Password)}.AsMechanism(), nil
	case "scram-sha-256":
		return scram.Auth{User: c.User, Pass: string(c.Password)}.AsSha256Mechanism(), nil
	case "scram-sha-512":
		return scram.Auth{User: c.User, Pass: string(c.Password)}.AsSha512Mechanism(), nil
	}
	return nil, fmt.Errorf("mechanism: %q is none: give plain, scram-sha-256 or scram-sha-512", c.Mechanism)
}

func (c *Kafka) open(whole *Config, _ Services) (destination, error) {
	most := c.MaxBytes
	if most == 0 {
		most = 1_000_012
	}
	options := []kgo.Opt{
		kgo.SeedBrokers(c.Brokers...), kgo.DefaultProduceTopic(c.Topic), kgo.RequiredAcks(kgo.AllISRAcks()),
		kgo.ProducerBatchMaxBytes(int32(most)), kgo.ProducerBatchCompression(kgo.ZstdCompression(), kgo.NoCompression()),
		kgo.MaxBufferedRecords(whole.Batch.Items), kgo.ProducerLinger(0), kgo.UnknownTopicRetries(1), kgo.ClientID("vigil"),
		// An attempt ends in its time. What was under way then may be there twice.
		kgo.AllowIdempotentProduceCancellation(),
	}
	if c.Encrypt {
		t, err := c.TLS.config()
		if err != nil {
			return nil, err
		}
		options = append(options, kgo.DialTLSConfig(t))
	}
	m, err := c.mechanism()
	if err != nil {
		return nil, err
	}
	if m != nil {
		options = append(options, kgo.SASL(m))
	}
	client, err := kgo.NewClient(options...)
	if err != nil {
		return nil, fmt.Errorf("make a client: %w", err)
	}
	return &kafkaWriter{config: *c, client: client}, nil
}

type kafkaWriter struct {
	config Kafka
	client *kgo.Client
}

func (w *kafkaWriter) describe() (where, confirmed string) {
	return "kafka " + strings.Join(w.config.Brokers, ",") + " " + w.config.Topic, "written by all replicas in sync"
}

func (w *kafkaWriter) close() error {
	w.client.Close()
	return nil
}

// send waits for the cluster's word on each record.
func (w *kafkaWriter) send(ctx context.Context, b *batch) error {
	said := make([]error, len(b.items))
	var all sync.WaitGroup
	all.Add(len(b.items))
	for i := range b.items {
		r := &kgo.Record{Key: []byte(b.items[i].Sensor), Value: b.items[i].JSON}
		w.client.Produce(ctx, r, func(_ *kgo.Record, err error) {
			said[i] = err
			all.Done()
		})
	}
	all.Wait()
	var fault error
	for i, err := range said {
		switch {
		case err == nil:
			b.deliver(i, i+1)
		case errors.Is(err, kerr.MessageTooLarge), errors.Is(err, kerr.RecordListTooLarge):
			b.refuse(i, ReasonTooLarge)
		case errors.Is(err, kerr.InvalidRecord):
			b.refuse(i, refusedAs(kerr.InvalidRecord.Message))
		default:
			fault = fmt.Errorf("produce: %w", err)
		}
	}
	return fault
}
