package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/rapport-platform/rapport/internal/capability/portal"
	"github.com/rapport-platform/rapport/internal/edge/httpapi"
	"github.com/rapport-platform/rapport/internal/platform/stream"
)

// loanForm asks what the program sends.
const loanForm = `{"name": "loan", "title": "A loan", "allowed_origins": ["*"], "protection": {"proof": "off"}, "fields": [
	{"name": "rpt_productinterest", "label": "Product", "type": "select", "required": true, "options": [{"value": "HOME", "label": "Home loan"}, {"value": "BUSINESS", "label": "Business loan"}]},
	{"name": "firstname", "label": "First name", "required": true}, {"name": "lastname", "label": "Last name", "required": true},
	{"name": "emailaddress1", "type": "email", "label": "E-mail", "required": true}, {"name": "numberofemployees", "type": "number", "label": "Number of employees"},
	{"name": "address1_country", "type": "select", "options_from": "countries", "label": "Country", "required": true}],
	"consent": {"version": "2026-11", "required": true, "text": "I agree."}}`

// ours is the product's way: HTTP handlers on the real log.
type ours struct {
	stream *stream.Stream
	server *http.Server
	addr   string
	form   bool
	conns  []net.Conn
}

type anyKey struct{}

func (anyKey) Allowed(_ context.Context, _, secret string) (bool, error) { return secret == "key", nil }

func newHTTP(ctx context.Context, dir string) (side, error) { return newOurs(ctx, dir, false) }
func newForm(ctx context.Context, dir string) (side, error) { return newOurs(ctx, dir, true) }

func newOurs(ctx context.Context, dir string, form bool) (side, error) {
	o := &ours{form: form, stream: stream.New(stream.Options{Dir: dir, Logger: slog.New(slog.DiscardHandler)})}
	if err := o.stream.Start(ctx); err != nil {
		return nil, err
	}
	if err := o.stream.EnsureTopic(ctx, "leads"); err != nil {
		return nil, err
	}
	loan, err := portal.Parse([]byte(loanForm))
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	(&httpapi.EventsAPI{Publisher: o.stream, Keys: anyKey{}}).Register(mux)
	service := portal.New(portal.Config{Publisher: o.stream, Forms: portal.Set{loan.Name: loan}, SubmitRate: portal.Rate{Burst: 1 << 30, Second: 1 << 30}})
	(&httpapi.PortalAPI{Service: service}).Register(mux)
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	o.addr = listener.Addr().String()
	o.server = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = o.server.Serve(listener) }() // ends with close
	return o, nil
}

// publisher sends prepared requests over one connection. It writes and reads
// HTTP by hand: a full client would take cores away from what is measured.
func (o *ours) publisher(ctx context.Context, number, batch int) (func() error, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", o.addr)
	if err != nil {
		return nil, err
	}
	o.conns = append(o.conns, conn)
	text, at := sample()
	path, contentType, status := "/api/events/leads", "application/cloudevents+json", "HTTP/1.1 200"
	body, step := text, 0
	switch {
	case o.form:
		path, contentType, status, at = "/f/loan", "application/json", "HTTP/1.1 202", 0
		body = []byte(`{"rpt_productinterest":"HOME","firstname":"Ada","lastname":"Lovelace","emailaddress1":"ada@example.com","address1_country":"GB","numberofemployees":240,"rpt_consent":true,"context":{"page":"https://www.example.com/loans?utm_source=newsletter","localtime":"2026-11-22T10:00:00+00:00"}}`)
	case batch > 1:
		contentType, step = "application/cloudevents-batch+json", eventSize+1
		body = []byte("[" + string(bytes.Repeat(append(text, ','), batch)))
		body[len(body)-1] = ']'
		at++
	}
	request := []byte("POST " + path + " HTTP/1.1\r\nHost: bench\r\naeg-sas-key: key\r\nContent-Type: " + contentType + "\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n")
	start := len(request) + at
	request = append(request, body...)
	reader := bufio.NewReader(conn)
	n := number * 1_000_000_000
	return func() error {
		for i := 0; i < batch && !o.form; i++ {
			n++
			setNumber(request[start+i*step:], n)
		}
		if _, err := conn.Write(request); err != nil {
			return err
		}
		return readAnswer(reader, status)
	}, nil
}

// readAnswer reads one answer and checks its status.
func readAnswer(r *bufio.Reader, status string) error {
	line, err := r.ReadString('\n')
	if err != nil {
		return err
	}
	good := len(line) > len(status) && line[:len(status)] == status
	first, length := line, 0
	for {
		header, err := r.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(header) <= 2 {
			break
		}
		if value, found := bytes.CutPrefix(header, []byte("Content-Length: ")); found {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return err
			}
		}
	}
	if good {
		_, err = r.Discard(length)
		return err
	}
	body, _ := r.Peek(min(length, 500))
	return fmt.Errorf("answered with %s%s", first, body)
}

func (o *ours) close() {
	for _, c := range o.conns {
		c.Close()
	}
	o.server.Close()
	_ = o.stream.Stop(context.Background()) // nothing is left to lose: the folder goes too
}
