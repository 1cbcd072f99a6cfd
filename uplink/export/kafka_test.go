package export

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

const topic = "vigil"

func newKafka(t *testing.T, options ...kfake.Opt) *kfake.Cluster {
	t.Helper()
	c, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(2), kfake.SeedTopics(3, topic)}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func kafkaConfig(c *kfake.Cluster) Config {
	return Config{Kafka: &Kafka{Brokers: c.ListenAddrs(), Topic: topic}}
}

// consumed reads all that the topic has.
func consumed(t *testing.T, c *kfake.Cluster) map[int]int {
	t.Helper()
	want := int64(0)
	for _, p := range c.PartitionInfos(topic) {
		want += p.HighWatermark
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(c.ListenAddrs()...), kgo.ConsumeTopics(topic))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var all []byte
	for n := int64(0); n < want; {
		client.PollFetches(ctx).EachRecord(func(r *kgo.Record) {
			if string(r.Key) != sensorID {
				t.Errorf("key %q", r.Key)
			}
			all = append(all, r.Value...)
			n++
		})
		if ctx.Err() != nil {
			t.Fatalf("read %d of %d", n, want)
		}
	}
	return numbers(all)
}

// A cluster that fails, is slow, cuts connections, answers for one partition only, and
// writes what it says that it did not.
func TestKafka(t *testing.T) {
	c := newKafka(t)
	c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.NotLeaderForPartition, Count: 1},
		kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.NotEnoughReplicasAfterAppend, Count: 1},
		kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.TopicAuthorizationFailed, Count: 1})
	gone, hold := context.WithTimeout(t.Context(), time.Second)
	defer hold()
	var mu sync.Mutex
	n := 0
	c.ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		mu.Lock()
		n++
		now := n
		mu.Unlock()
		switch {
		case now%5 == 2 && now < 15:
			return nil, errors.New("cut"), true
		case now == 8:
			c.SleepControl(func() { <-gone.Done() })
		}
		return nil, nil, false
	})
	survives(t, kafkaConfig(c), func() map[int]int { return consumed(t, c) }, false)
}

func TestKafkaRefusesWhatIsTooLarge(t *testing.T) {
	c := newKafka(t)
	config := kafkaConfig(c)
	config.Kafka.MaxBytes = 2048
	r := start(t, config)
	for k := range 20 {
		i := numbered(k)
		if k == 7 {
			i.JSON = append(i.JSON[:len(i.JSON)-1], `,"pad":"`+strings.Repeat("x", 100_000)+`"}`...)
		}
		r.Offer(i)
	}
	r.settle()
	s := r.end()
	whole(t, s, consumed(t, c), 20, true)
	if lost(s, ReasonTooLarge) != 1 || s.Undelivered != 1 {
		t.Errorf("%+v", s)
	}
}

func TestKafkaLogsIn(t *testing.T) {
	c := newKafka(t, kfake.EnableSASL())
	config := kafkaConfig(c)
	config.Kafka.Mechanism, config.Kafka.User, config.Kafka.Password = "scram-sha-256", "admin", "admin"
	r := start(t, config)
	r.Offer(numbered(3))
	if s := r.settle(); s.Delivered != 1 {
		t.Errorf("%+v", s)
	}
	r.end()

	config.Kafka.Password = "wrong-password"
	config.Timeout = time.Second
	r = start(t, config)
	r.Offer(numbered(4))
	for r.Status().Failures == 0 {
		time.Sleep(time.Millisecond)
	}
	s := r.end()
	if s.Queued != 1 || strings.Contains(s.LastError+r.log.String(), "wrong-password") {
		t.Errorf("%+v\n%s", s, r.log)
	}
}

// A topic that is not there may come to be: nothing is thrown away.
func TestKafkaWithoutItsTopic(t *testing.T) {
	c := newKafka(t)
	config := kafkaConfig(c)
	config.Kafka.Topic = "not-there"
	config.Timeout = time.Second
	r := start(t, config)
	r.Offer(numbered(4))
	for r.Status().Failures == 0 {
		time.Sleep(time.Millisecond)
	}
	if err := c.CreateTopic("not-there", 1, nil); err != nil {
		t.Fatal(err)
	}
	if s := r.settle(); s.Delivered != 1 {
		t.Errorf("%+v", s)
	}
	r.end()
}
