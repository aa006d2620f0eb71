package clamd

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

const (
	chunk      = 128 << 10
	answerMost = 4 << 10
	quietMost  = 2 * time.Minute // without a sign of life
)

// Client asks one daemon. Its zero value asks nobody.
type Client struct {
	network, address string
}

// New reads where the daemon is: host:port, or unix:/path of its socket.
func New(where string) (*Client, error) {
	if path, ok := strings.CutPrefix(where, "unix:"); ok && path != "" {
		return &Client{"unix", path}, nil
	}
	host, port, err := net.SplitHostPort(where)
	if n, bad := strconv.ParseUint(port, 10, 16); err != nil || bad != nil || n == 0 || host == "" {
		return nil, errs.New(errs.Invalid, "clamd.address", "the address of clamd must look like 127.0.0.1:3310 or unix:/run/clamav/clamd.ctl")
	}
	return &Client{"tcp", where}, nil
}

func away(err error) error {
	return errs.Wrap(err, errs.Unavailable, "clamd.away", "the virus scanner can't be reached now")
}

// Scan sends content and gives the name of what was found; "" is clean. A daemon
// that can't be reached, breaks off or runs into its own limits is
// errs.Unavailable: nothing is known of the content then. An error of content
// itself is given as it is.
func (c *Client) Scan(ctx context.Context, content io.Reader) (found string, err error) {
	conn, err := (&net.Dialer{Timeout: 10 * time.Second}).DialContext(ctx, c.network, c.address)
	if err != nil {
		return "", away(err)
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	sent := send(conn, content)
	if sent != nil && !sent.conn {
		return "", sent.error
	}
	// A daemon that breaks off may still have said why.
	alive(conn)
	answer, err := bufio.NewReader(io.LimitReader(conn, answerMost)).ReadString(0)
	answer = strings.TrimSpace(strings.TrimRight(answer, "\x00"))
	if err != nil && answer == "" {
		if sent != nil {
			err = sent.error
		}
		return "", away(err)
	}
	result, ok := strings.CutPrefix(answer, "stream: ")
	switch {
	case ok && result == "OK" && sent == nil && err == nil:
		return "", nil
	case ok && strings.HasSuffix(result, " FOUND"):
		return strings.TrimSuffix(result, " FOUND"), nil
	}
	return "", away(fmt.Errorf("it answers %.200q", answer))
}

// broken is an error of the connection or of the content.
type broken struct {
	error
	conn bool
}

func send(conn net.Conn, content io.Reader) *broken {
	alive(conn)
	if _, err := conn.Write([]byte("zINSTREAM\x00")); err != nil {
		return &broken{err, true}
	}
	buf := make([]byte, 4+chunk)
	for {
		n, err := io.ReadFull(content, buf[4:])
		if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
			return &broken{err, false}
		}
		alive(conn)
		binary.BigEndian.PutUint32(buf, uint32(n)) // 0 ends the content
		if _, e := conn.Write(buf[:4+n]); e != nil {
			return &broken{e, true}
		}
		if n == 0 {
			return nil
		}
		if err != nil {
			binary.BigEndian.PutUint32(buf, 0)
			if _, e := conn.Write(buf[:4]); e != nil {
				return &broken{e, true}
			}
			return nil
		}
	}
}

func alive(conn net.Conn) { _ = conn.SetDeadline(time.Now().Add(quietMost)) } // a transport that knows no deadlines is ended by the context
