package drill

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"

	"vigil/sensor"
	"vigil/sensor/simulate"
)

// Start starts a sensor within this process, of what it plays only, which answers on a
// socket of its own until the context ends or stop is called.
func Start(ctx context.Context, config sensor.Config, version string, log *slog.Logger) (socket string, stop func() error, err error) {
	dir, err := os.MkdirTemp("", "vigil-simulate-")
	if err != nil {
		return "", nil, err
	}
	remove := func() error { return os.RemoveAll(dir) }
	lists := filepath.Join(dir, "indicators")
	if err := os.WriteFile(lists, []byte(simulate.Indicators), 0o600); err != nil {
		return "", nil, errors.Join(err, remove())
	}
	config.Scope, config.Intelligence, config.Socket = "self", []string{lists}, filepath.Join(dir, "socket")
	s, err := sensor.New(config, version, log)
	if err != nil {
		return "", nil, errors.Join(err, remove())
	}
	listener, err := sensor.Listen(config.Socket)
	if err != nil {
		return "", nil, errors.Join(err, remove())
	}
	followers := sensor.NewFollowers()
	s.AddSink(followers)
	ctx, cancel := context.WithCancel(ctx)
	ready, done := make(chan struct{}), make(chan error, 2)
	go func() { done <- s.Serve(ctx, listener, followers) }()
	go func() { done <- s.Run(ctx, func() { close(ready) }) }()
	stop = func() error {
		cancel()
		return errors.Join(<-done, <-done, remove())
	}
	select {
	case <-ready:
		return config.Socket, stop, nil
	case err := <-done:
		cancel()
		return "", nil, errors.Join(err, <-done, remove())
	}
}
