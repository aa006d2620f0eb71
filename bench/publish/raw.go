package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// raw is JetStream by itself: one message is one event.
type raw struct {
	server *server.Server
	conns  []*nats.Conn
}

const rawSubject = "bench.leads"

func newRaw(ctx context.Context, dir string) (side, error) {
	o := &server.Options{ServerName: "bench", DontListen: true, NoSigs: true, NoLog: true, JetStream: true, StoreDir: dir, SyncAlways: true}
	o.JetStreamLimits.MaxBatchInflightPerStream = 1000 // 50 by default, too few for 64 publishers
	srv, err := server.NewServer(o)
	if err != nil {
		return nil, err
	}
	go srv.Start()
	if !srv.ReadyForConnections(20 * time.Second) {
		return nil, errors.New("the server did not start")
	}
	r := &raw{server: srv}
	nc, err := r.connect()
	if err != nil {
		return nil, err
	}
	js, err := jetstream.New(nc)
	if err != nil {
		return nil, err
	}
	_, err = js.CreateStream(ctx, jetstream.StreamConfig{Name: "BENCH", Subjects: []string{rawSubject}, Storage: jetstream.FileStorage, Discard: jetstream.DiscardNew, MaxBytes: 4 << 30, AllowAtomicPublish: true})
	return r, err
}

func (r *raw) connect() (*nats.Conn, error) {
	nc, err := nats.Connect("", nats.InProcessServer(r.server))
	if err == nil {
		r.conns = append(r.conns, nc)
	}
	return nc, err
}

func (r *raw) publisher(ctx context.Context, number, batch int) (func() error, error) {
	nc, err := r.connect()
	if err != nil {
		return nil, err
	}
	js, err := jetstream.New(nc)
	if err != nil {
		return nil, err
	}
	text, at := sample()
	n := number * 1_000_000_000
	if batch == 1 {
		return func() error {
			n++
			setNumber(text[at:], n)
			_, err := js.Publish(ctx, rawSubject, text)
			return err
		}, nil
	}
	return func() error {
		id := strconv.Itoa(number) + "-" + strconv.Itoa(n)
		for i := 1; i <= batch; i++ {
			n++
			setNumber(text[at:], n)
			m := &nats.Msg{Subject: rawSubject, Data: text, Header: nats.Header{"Nats-Batch-Id": {id}, "Nats-Batch-Sequence": {strconv.Itoa(i)}}}
			if i < batch {
				if err := nc.PublishMsg(m); err != nil {
					return err
				}
				continue
			}
			m.Header["Nats-Batch-Commit"] = []string{"1"}
			answer, err := nc.RequestMsgWithContext(ctx, m)
			if err != nil {
				return err
			}
			var ack struct {
				Error *jetstream.APIError `json:"error"`
				Count int                 `json:"count"`
			}
			if err := json.Unmarshal(answer.Data, &ack); err != nil || ack.Error != nil || ack.Count != batch {
				return fmt.Errorf("the batch was answered with %s", answer.Data)
			}
		}
		return nil
	}, nil
}

func (r *raw) close() {
	for _, nc := range r.conns {
		nc.Close()
	}
	r.server.Shutdown()
	r.server.WaitForShutdown()
}
