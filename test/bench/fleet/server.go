//go:build linux

package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// server is `vigil server` while it runs.
type server struct {
	cmd     *exec.Cmd
	data    string
	api     string // where it answers people
	sensors string // and sensors
	http    *http.Client
	csrf    string
	said    *bytes.Buffer
	heard   chan struct{} // closed at the end of what it says
}

// startServer starts one on free ports of loopback, and logs in.
func startServer(ctx context.Context, vigil, dir string) (*server, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	s := &server{data: filepath.Join(dir, "server"), sensors: "https://" + port, said: &bytes.Buffer{}, heard: make(chan struct{})}
	s.cmd = exec.Command(vigil, "server", "--listen", "127.0.0.1:0", "--sensors", port, "--data", s.data)
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := s.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the server: %w", err)
	}
	greeted := make(chan string, 1)
	go s.hear(out, greeted)
	select {
	case password := <-greeted:
		err = s.login(ctx, password)
	case <-s.heard:
		err = errors.New("the server ended")
	case <-time.After(time.Minute):
		err = errors.New("the server does not greet")
	}
	if err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
}

// freePort gives an address that nobody listens at.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// hear keeps the end of what the server says, and hands on the password that it greets with.
func (s *server) hear(out io.Reader, greeted chan<- string) {
	defer close(s.heard)
	for lines := bufio.NewScanner(out); lines.Scan(); {
		line := lines.Text()
		if s.said.Len() < 64<<10 {
			s.said.WriteString(line + "\n")
		}
		if _, rest, ok := strings.Cut(line, "the console is at "); ok {
			s.api, _, _ = strings.Cut(rest, " ")
		}
		if _, rest, ok := strings.Cut(line, "password "); ok {
			password, _, _ := strings.Cut(rest, ":")
			greeted <- password
		}
	}
}

// stop ends the server as a person does; what it said is the error when it did not end well.
func (s *server) stop() error {
	if s.cmd.ProcessState != nil {
		return nil
	}
	_ = s.cmd.Process.Signal(os.Interrupt) // it may have ended
	<-s.heard
	if err := s.cmd.Wait(); err != nil {
		return fmt.Errorf("the server: %w: %s", err, s.said)
	}
	return nil
}

func (s *server) login(ctx context.Context, password string) error {
	authority, err := os.ReadFile(filepath.Join(s.data, "server", "authority.crt"))
	if err != nil {
		return err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(authority)
	jar, err := cookiejar.New(nil)
	if err != nil {
		return err
	}
	s.http = &http.Client{Jar: jar, Timeout: time.Minute, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	var me struct{ CSRF string }
	if err := s.ask(ctx, "POST", "/v1/login", map[string]string{"user": "admin", "password": password}, &me); err != nil {
		return err
	}
	s.csrf = me.CSRF
	return nil
}

// ask asks the API; when that is too often it waits as it is told.
func (s *server) ask(ctx context.Context, method, path string, body, answer any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	for {
		q, err := http.NewRequestWithContext(ctx, method, s.api+path, bytes.NewReader(text))
		if err != nil {
			return err
		}
		q.Header.Set("Content-Type", "application/json")
		q.Header.Set("X-CSRF-Token", s.csrf)
		r, err := s.http.Do(q)
		if err != nil {
			return err
		}
		said, err := io.ReadAll(r.Body)
		if err := errors.Join(err, r.Body.Close()); err != nil {
			return err
		}
		switch {
		case r.StatusCode == http.StatusTooManyRequests:
			seconds, err := strconv.Atoi(r.Header.Get("Retry-After"))
			if err != nil {
				return fmt.Errorf("%s %s: when to come again: %w", method, path, err)
			}
			if err := sleep(ctx, time.Duration(seconds)*time.Second); err != nil {
				return err
			}
		case r.StatusCode >= 300:
			return fmt.Errorf("%s %s: %d %s", method, path, r.StatusCode, said)
		case answer == nil:
			return nil
		default:
			return json.Unmarshal(said, answer)
		}
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
