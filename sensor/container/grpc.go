package container

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// maxMessage bounds the answer to a call: a version is short.
const maxMessage = 64 << 10

var errMessage = errors.New("not a gRPC message")

// call makes a gRPC call whose request is empty, and gives the answer's fields
// that hold texts, by number. The protocol for one such call is HTTP/2 with a
// message of five bytes (grpc/doc/PROTOCOL-HTTP2.md): no library is worth it.
func call(ctx context.Context, socket, method string) (map[int]string, error) {
	client := unixClient(socket)
	transport := client.Transport.(*http.Transport)
	transport.Protocols = new(http.Protocols)
	transport.Protocols.SetUnencryptedHTTP2(true)
	defer client.CloseIdleConnections()

	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://localhost"+method, bytes.NewReader(make([]byte, 5)))
	if err != nil {
		return nil, fmt.Errorf("call %s: %w", method, err)
	}
	request.Header = http.Header{"Content-Type": {"application/grpc"}, "Te": {"trailers"}}
	response, err := client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("call %s: %w", method, err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxMessage))
	if err != nil {
		return nil, fmt.Errorf("call %s: %w", method, err)
	}
	status := response.Trailer.Get("Grpc-Status")
	if status == "" {
		status = response.Header.Get("Grpc-Status") // an answer without a message has its trailers for headers
	}
	if response.StatusCode != http.StatusOK || status != "0" {
		return nil, fmt.Errorf("call %s: HTTP %d, gRPC status %q", method, response.StatusCode, status)
	}
	fields, err := message(body)
	if err != nil {
		return nil, fmt.Errorf("call %s: %w", method, err)
	}
	return fields, nil
}

// message reads one uncompressed message and the texts in it
// (https://protobuf.dev/programming-guides/encoding/). Other fields are skipped.
func message(b []byte) (map[int]string, error) {
	if len(b) < 5 || b[0] != 0 || uint64(binary.BigEndian.Uint32(b[1:])) != uint64(len(b)-5) {
		return nil, errMessage
	}
	fields := map[int]string{}
	for b = b[5:]; len(b) > 0; {
		tag, n := binary.Uvarint(b)
		if n <= 0 || tag>>3 > 1<<29 {
			return nil, errMessage
		}
		b = b[n:]
		length := uint64(0)
		switch tag & 7 {
		case 0:
			_, n := binary.Uvarint(b)
			length = uint64(max(n, 0))
			if n <= 0 {
				return nil, errMessage
			}
		case 1:
			length = 8
		case 5:
			length = 4
		case 2:
			size, n := binary.Uvarint(b)
			if n <= 0 || size > uint64(len(b)-n) {
				return nil, errMessage
			}
			fields[int(tag>>3)] = string(b[n : n+int(size)])
			length = uint64(n) + size
		default:
			return nil, errMessage
		}
		if length > uint64(len(b)) {
			return nil, errMessage
		}
		b = b[length:]
	}
	return fields, nil
}
