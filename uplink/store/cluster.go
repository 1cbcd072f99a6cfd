package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"
)

// ClusterSettings say where a VictoriaLogs cluster is. Zero means the default of each.
type ClusterSettings struct {
	URL       string        // of the front: vlinsert and vlselect
	Select    string        // of vlselect, when it is another
	Interval  time.Duration // the nodes' -inmemoryDataFlushInterval; default 5 s, as theirs
	Settle    time.Duration // how long rows may be on their way of which nobody knows any more; default 5 s
	Patience  time.Duration // how long Flush waits until rows are found; default a minute
	Retention Retention     // the nodes keep all equally long: Expire deletes what is kept shorter
	Client    *http.Client  // default: one of its own
	Header    http.Header   // sent with every request: Authorization
}

// Cluster is a store in a VictoriaLogs cluster, over HTTP.
//
// Its nodes hold rows in memory after they have said yes, and so does its front: Flush
// looks for what was added until it is found, waits as long as nodes take to write to
// disk, and looks again. While a node does not answer, nothing is flushed.
type Cluster struct {
	settings ClusterSettings
	shapers  sync.Pool
	packer   *zstd.Encoder
	known    knowledge

	lock    sync.Mutex
	loads   []*load   // what is not flushed; the last takes what is added
	settled time.Time // when all that somebody once sent can be found, or never will
}

var _ Store = (*Cluster)(nil)

func (c *Cluster) knows() *knowledge { return &c.known }

// ErrMissing is what Flush says when rows that the cluster took are not there: a node
// lost them. Missing tells which; they are to be added again.
var ErrMissing = errors.New("the cluster has lost rows")

// OpenCluster makes a store of a cluster. It asks nothing of it yet.
func OpenCluster(s ClusterSettings) (*Cluster, error) {
	for _, text := range []*string{&s.URL, &s.Select} {
		if *text == "" {
			*text = s.URL
		}
		u, err := url.Parse(*text)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			return nil, fmt.Errorf("open cluster: %q is no URL of http or https", *text)
		}
		*text = strings.TrimRight(*text, "/")
	}
	if s.Interval == 0 {
		s.Interval = 5 * time.Second
	}
	if s.Settle == 0 {
		s.Settle = 5 * time.Second
	}
	if s.Patience == 0 {
		s.Patience = time.Minute
	}
	if s.Retention == (Retention{}) {
		s.Retention = DefaultRetention()
	}
	if err := s.Retention.check(); err != nil {
		return nil, fmt.Errorf("open cluster: %w", err)
	}
	if s.Client == nil {
		s.Client = &http.Client{Transport: http.DefaultTransport.(*http.Transport).Clone()}
	}
	packer, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(2))
	if err != nil {
		return nil, fmt.Errorf("open cluster: %w", err)
	}
	c := &Cluster{settings: s, packer: packer, settled: time.Now().Add(s.Settle)}
	c.shapers.New = func() any { return newShaper(s.Retention, ahead) }
	return c, nil
}

// Close ends connections that are idle.
func (c *Cluster) Close() error {
	c.settings.Client.CloseIdleConnections()
	if err := c.packer.Close(); err != nil {
		return fmt.Errorf("close: %w", err)
	}
	return nil
}

// mostPosted is how many bytes of lines one request has.
const mostPosted = 4 << 20

// Add implements Store.
func (c *Cluster) Add(ctx context.Context, rows []Row) error {
	c.known.add(rows)
	s := c.shapers.Get().(*shaper)
	defer c.shapers.Put(s)
	s.begin()
	l := c.load()
	defer l.users.Done()
	var lines []byte
	from := 0
	for i := range rows {
		at, fields, err := s.shape(&rows[i])
		if err != nil {
			return fmt.Errorf("add: %w", err)
		}
		l.reach(at)
		lines = appendLine(lines, at, append(fields, field(FieldLoad, l.id)))
		if len(lines) < mostPosted && i < len(rows)-1 {
			continue
		}
		// Noted before it is sent: after an error some may be there, and more is asked for
		// than is known to be.
		l.note(rows[from : i+1])
		if err := c.post(ctx, lines); err != nil {
			l.forget(rows[from : i+1])
			c.doubt()
			return fmt.Errorf("add: %w", err)
		}
		lines, from = lines[:0], i+1
	}
	return nil
}

func (c *Cluster) post(ctx context.Context, lines []byte) error {
	query := url.Values{"_time_field": {FieldTime}, "_msg_field": {FieldText}, "_stream_fields": {FieldSensor + "," + FieldKind}}
	body := bytes.NewReader(c.packer.EncodeAll(lines, nil))
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.settings.URL+"/insert/jsonline?"+query.Encode(), body)
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/stream+json")
	r.Header.Set("Content-Encoding", "zstd")
	answer, err := c.do(r)
	if err != nil {
		return err
	}
	return answer.Close()
}

// do sends a request; an answer that is no success is an error with what it says.
func (c *Cluster) do(r *http.Request) (io.ReadCloser, error) {
	for name, values := range c.settings.Header {
		r.Header[name] = values
	}
	answer, err := c.settings.Client.Do(r)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode/100 == 2 {
		return answer.Body, nil
	}
	text, err := io.ReadAll(io.LimitReader(answer.Body, 4<<10))
	return nil, errors.Join(fmt.Errorf("%s%s answers %s: %s", r.URL.Host, r.URL.Path, answer.Status, bytes.TrimSpace(text)), err, answer.Body.Close())
}

// appendLine writes a row as the cluster takes it.
func appendLine(dst []byte, at int64, fields []Field) []byte {
	dst = append(dst, `{"`+FieldTime+`":"`...)
	dst = time.Unix(0, at).UTC().AppendFormat(dst, time.RFC3339Nano)
	dst = append(dst, '"')
	for i := range fields {
		dst = append(dst, ',')
		dst = appendText(dst, fields[i].Name)
		dst = append(dst, ':')
		dst = appendText(dst, fields[i].Value)
	}
	return append(dst, '}', '\n')
}

// appendText writes UTF-8 as a string of JSON.
func appendText(dst []byte, s string) []byte {
	const digits = "0123456789abcdef"
	dst = append(dst, '"')
	from := 0
	for i := range len(s) {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, s[from:i]...)
		from = i + 1
		if c < ' ' {
			dst = append(dst, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
			continue
		}
		dst = append(dst, '\\', c)
	}
	return append(append(dst, s[from:]...), '"')
}
