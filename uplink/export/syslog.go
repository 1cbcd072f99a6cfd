package export

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"syscall"
	"time"
)

// Syslog is a receiver of syslog messages.
type Syslog struct {
	Network    string `json:"network"`              // udp (RFC 5426), tcp (RFC 6587, octet counting), tls (RFC 5425)
	Address    string `json:"address"`              // host:port
	Format     string `json:"format,omitempty"`     // "rfc5424" (the default): structured data; "cef"; "ocsf": JSON
	Facility   int    `json:"facility,omitempty"`   // 1 to 23; 0: 16, local0
	Enterprise uint32 `json:"enterprise,omitempty"` // private enterprise number for structured data; 0: 32473, that for examples (RFC 5612)
	MaxBytes   int    `json:"maxBytes,omitempty"`   // of a message; what is longer is not delivered. 0: 8192 by udp, else 65536
	TLS        TLS    `json:"tls,omitzero"`
}

func (s *Syslog) check() error {
	switch s.Network {
	case "udp", "tcp", "tls":
	default:
		return fmt.Errorf("network: %q is none: give udp, tcp or tls", s.Network)
	}
	switch s.Format {
	case "", formatFields, formatCEF, formatOCSF:
	default:
		return fmt.Errorf("format: %q is none: give rfc5424, cef or ocsf", s.Format)
	}
	if s.Facility < 0 || s.Facility > 23 {
		return fmt.Errorf("facility: %d is none: give 1 to 23, or 0 for local0", s.Facility)
	}
	if s.MaxBytes != 0 && s.MaxBytes < 480 || s.MaxBytes > 1<<20 || s.Network == "udp" && s.MaxBytes > 65507 {
		return fmt.Errorf("maxBytes: %d: give 480 to 1048576, by udp to 65507, or 0", s.MaxBytes)
	}
	if s.Network != "tls" && s.TLS != (TLS{}) {
		return errors.New("tls: it is for network tls: leave it out or set network to tls")
	}
	if err := s.TLS.check(); err != nil {
		return err
	}
	return checkAddress("address", s.Address)
}

func (s *Syslog) open(*Config, Services) (destination, error) {
	c := *s
	if c.Format == "" {
		c.Format = formatFields
	}
	if c.Facility == 0 {
		c.Facility = 16
	}
	if c.Enterprise == 0 {
		c.Enterprise = 32473
	}
	if c.MaxBytes == 0 {
		if c.MaxBytes = 65536; c.Network == "udp" {
			c.MaxBytes = 8192
		}
	}
	t, err := c.TLS.config()
	if err != nil {
		return nil, err
	}
	if t.ServerName == "" {
		t.ServerName, _, _ = net.SplitHostPort(c.Address)
	}
	return &syslogWriter{config: c, tls: t, write: newRFC5424(c.Format, c.Facility, c.Enterprise)}, nil
}

type syslogWriter struct {
	config Syslog
	tls    *tls.Config
	write  *rfc5424
	udp    net.Conn
	buf    []byte
}

func (w *syslogWriter) describe() (where, confirmed string) {
	where = "syslog " + w.config.Format + " " + w.config.Network + "://" + w.config.Address
	if w.config.Network == "udp" {
		return where, "sent as datagrams: nothing confirms them"
	}
	return where, "read to the end: the receiver closed the connection in good order"
}

func (w *syslogWriter) close() error {
	if w.udp == nil {
		return nil
	}
	return w.udp.Close()
}

func (w *syslogWriter) send(ctx context.Context, b *batch) error {
	if w.config.Network == "udp" {
		return w.datagrams(ctx, b)
	}
	return w.stream(ctx, b)
}

func (w *syslogWriter) datagrams(ctx context.Context, b *batch) error {
	if w.udp == nil {
		c, err := new(net.Dialer).DialContext(ctx, "udp", w.config.Address)
		if err != nil {
			return fmt.Errorf("connect: %w", err)
		}
		w.udp = c
	}
	for i := range b.items {
		w.buf = w.write.append(w.buf[:0], &b.items[i])
		if len(w.buf) > w.config.MaxBytes {
			b.refuse(i, ReasonTooLarge)
			continue
		}
		switch _, err := w.udp.Write(w.buf); {
		case errors.Is(err, syscall.EMSGSIZE):
			b.refuse(i, ReasonTooLarge)
			continue
		case err != nil: // also what ICMP said of the ones before: nobody listens
			_ = w.udp.Close()
			w.udp = nil
			return fmt.Errorf("send: %w", err)
		}
		b.deliver(i, i+1)
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

// stream sends the batch on a connection of its own, ends it and waits for the
// receiver's end. One that has read all closes in good order. One that goes with bytes
// unread makes its kernel reset the connection (RFC 1122, 4.2.2.13), which shows here.
func (w *syslogWriter) stream(ctx context.Context, b *batch) error {
	w.buf = w.buf[:0]
	var message []byte
	for i := range b.items {
		message = w.write.append(message[:0], &b.items[i])
		if len(message) > w.config.MaxBytes {
			b.refuse(i, ReasonTooLarge)
			continue
		}
		w.buf = append(append(strconv.AppendInt(w.buf, int64(len(message)), 10), ' '), message...)
	}
	if len(w.buf) == 0 {
		return nil
	}
	c, err := w.dial(ctx)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer func() { _ = c.Close() }()
	defer context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })()
	if err := exchange(c, w.buf); err != nil {
		return err
	}
	for i := range b.fate {
		if !b.fate[i].done {
			b.deliver(i, i+1)
		}
	}
	return nil
}

func (w *syslogWriter) dial(ctx context.Context) (net.Conn, error) {
	if w.config.Network == "tls" {
		return (&tls.Dialer{Config: w.tls}).DialContext(ctx, "tcp", w.config.Address)
	}
	return new(net.Dialer).DialContext(ctx, "tcp", w.config.Address)
}

// talk is what a receiver may say, which syslog has no place for, before we give it up.
const talk = 1 << 16

func exchange(c net.Conn, all []byte) error {
	if _, err := c.Write(all); err != nil {
		return fmt.Errorf("send: %w", err)
	}
	if half, ok := c.(interface{ CloseWrite() error }); ok {
		if err := half.CloseWrite(); err != nil {
			return fmt.Errorf("end the connection: %w", err)
		}
	}
	switch n, err := io.Copy(io.Discard, io.LimitReader(c, talk)); {
	case err != nil:
		return fmt.Errorf("wait for the receiver's end: %w", err)
	case n == talk:
		return errors.New("wait for the receiver's end: it talks back without end: it is no syslog receiver")
	}
	return nil
}
