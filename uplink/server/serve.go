package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"vigil/uplink/server/control"
)

// Listeners are the two sides of a server. They are apart because a browser is not to be
// asked for a certificate.
type Listeners struct {
	API     net.Listener
	Sensors net.Listener // nil: none
}

// headerTable is what a connection remembers of headers, bytes each way: it makes them
// shorter, and thousands of sensors have one each.
const headerTable = 1 << 10

// shutdown is how long requests may take to end when the server does.
const shutdown = 10 * time.Second

// Serve serves both until the context ends, over TLS, and closes the listeners.
func (s *Server) Serve(ctx context.Context, l Listeners) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var all sync.WaitGroup
	all.Go(func() { s.count(ctx) })
	all.Go(func() { s.forget(ctx) })
	serve := func(l net.Listener, h http.Handler, c *tls.Config) {
		all.Go(func() {
			if err := s.serve(ctx, l, h, c); err != nil {
				cancel(fmt.Errorf("serve %s: %w", l.Addr(), err))
			}
		})
	}
	console := s.authority.ServerTLS(s.Names)
	console.ClientAuth = tls.NoClientCert
	if s.Certificate != nil {
		console.GetCertificate = s.Certificate
	}
	serve(l.API, s.handler(), console)
	if l.Sensors != nil {
		serve(l.Sensors, s.Receiver.Handler(), s.authority.ServerTLS(s.Names))
	}
	all.Wait()
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// forgetEvery is how often the state is looked through for what is old.
const forgetEvery = time.Hour

// forget deletes what was kept for long enough, now and then, until the context ends.
func (s *Server) forget(ctx context.Context) {
	t := time.NewTicker(forgetEvery)
	defer t.Stop()
	for {
		switch n, err := s.State.Forget(ctx); {
		case err != nil && ctx.Err() == nil:
			s.Log.Error("what is old stays for now", "error", err)
		case n != (control.Forgotten{}):
			s.Log.Info("deleted what was kept for long enough", "audit", n.Audit, "alerts", n.Alerts, "drops", n.Drops)
		}
		select {
		case <-t.C:
		case <-ctx.Done():
			return
		}
	}
}

// handler is the API, and the console beside it.
func (s *Server) handler() http.Handler {
	if s.Console == nil {
		return s.api.Handler()
	}
	mux := http.NewServeMux()
	mux.Handle("/v1/", s.api.Handler())
	mux.Handle("/", s.Console)
	return mux
}

func (s *Server) serve(ctx context.Context, l net.Listener, h http.Handler, c *tls.Config) error {
	// Streams and requests that wait end with the server.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	v := &http.Server{
		Handler: h, TLSConfig: c, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10,
		HTTP2:       &http.HTTP2Config{MaxDecoderHeaderTableSize: headerTable, MaxEncoderHeaderTableSize: headerTable},
		BaseContext: func(net.Listener) context.Context { return ctx },
		ErrorLog:    slog.NewLogLogger(s.Log.Handler(), slog.LevelDebug), // handshakes of anybody
	}
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdown)
		defer cancel()
		err := v.Shutdown(last)
		if err != nil {
			err = errors.Join(err, v.Close())
		}
		stopped <- err
	}()
	err := v.ServeTLS(l, "", "")
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	cancel()
	return errors.Join(err, <-stopped)
}
