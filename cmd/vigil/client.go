package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// socketFlag says where the running sensor answers.
type socketFlag struct {
	Socket string `help:"Where the sensor answers." default:"/run/vigil/sensor.sock"`
}

// get asks a running sensor.
func (s socketFlag) get(ctx context.Context, path string, query url.Values) (io.ReadCloser, error) {
	client := http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", s.Socket)
	}}}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://sensor"+path+"?"+query.Encode(), nil)
	if err != nil {
		return nil, err
	}
	answer, err := client.Do(r)
	if err != nil {
		return nil, s.unanswered(err)
	}
	if answer.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(answer.Body, 4096))
		_ = answer.Body.Close()
		err := fmt.Errorf("the sensor refused: %s", strings.TrimSpace(string(text)))
		if answer.StatusCode == http.StatusBadRequest {
			return nil, misuse{err}
		}
		return nil, err
	}
	return answer.Body, nil
}

func (s socketFlag) unanswered(err error) error {
	if wrapped := (*url.Error)(nil); errors.As(err, &wrapped) {
		err = wrapped.Err // without the address, which is made up
	}
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("the sensor on %s answers to root only, ask with sudo: %w", s.Socket, err)
	}
	return fmt.Errorf("no sensor answers on %s, start one with vigil run or give --socket: %w", s.Socket, err)
}

func (s socketFlag) getJSON(ctx context.Context, path string, v any) error {
	body, err := s.get(ctx, path, nil)
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }()
	if err := json.NewDecoder(body).Decode(v); err != nil {
		return fmt.Errorf("read the sensor's answer: %w", err)
	}
	return nil
}

func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
