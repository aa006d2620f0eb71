package stream

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/kit/cloudevents"
)

func TestSequenceNumbers(t *testing.T) {
	t.Parallel()
	last := uint64(0)
	for _, at := range [][2]int{{1, 0}, {1, 1}, {1, 8191}, {2, 0}, {1 << 40, 0}, {1 << 49, 8191}} {
		seq := seqOf(uint64(at[0]), at[1])
		if pack, index := packOf(seq); pack != uint64(at[0]) || index != at[1] || seq <= last || int64(seq) <= 0 {
			t.Errorf("%v became %d and %d, %d", at, seq, pack, index)
		}
		last = seq
	}
}

func TestFramesJoin(t *testing.T) {
	t.Parallel()
	a := []cloudevents.Event{{ID: "1", Source: "/", Type: "t"}, {ID: "2", Source: "/", Type: "t"}}
	b := []cloudevents.Event{{ID: "3", Source: "/", Type: "t"}}
	const trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	payload := appendFrames([]byte{packPlain}, trace, a)
	payload = appendFrames(payload, "", b)
	payload = appendFrames(payload, strings.Repeat("x", 200), b) // no traceparent is so long
	u, err := newUnpacker("leads", 7, time.Time{}, payload, nil)
	if err != nil {
		t.Fatal(err)
	}
	var got []Entry
	for u.more() {
		e, err := u.next()
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, e)
	}
	want := []Entry{
		{Seq: 7 << 13, Topic: "leads", Event: a[0], TraceParent: trace}, {Seq: 7<<13 + 1, Topic: "leads", Event: a[1], TraceParent: trace},
		{Seq: 7<<13 + 2, Topic: "leads", Event: b[0]}, {Seq: 7<<13 + 3, Topic: "leads", Event: b[0]},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
}

// FuzzUnpack reads any bytes as a pack: no panic, no endless walk, and only errors that say what they are.
func FuzzUnpack(f *testing.F) {
	good := appendFrames([]byte{packPlain}, "00-x", []cloudevents.Event{{ID: "1", Source: "/", Type: "t", Data: []byte(`{"a":1}`)}, {ID: "2", Source: "/", Type: "t"}})
	zw, err := zstd.NewWriter(nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(zw.EncodeAll(good[1:], []byte{packCompressed}))
	f.Add(bytes.Repeat([]byte{1, 0, 0, 0, 0, 0}, 20))
	zr, err := zstd.NewReader(nil, zstd.WithDecoderMaxMemory(1<<20))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		u, err := newUnpacker("leads", 1, time.Time{}, payload, zr)
		for steps := 0; err == nil && u.more(); steps++ {
			if steps > maxPackCount+len(payload) && payload[0] == packPlain {
				t.Fatal("the walk does not end")
			}
			if _, err = u.next(); err != nil && errs.CodeOf(err) == "stream.corrupt" {
				err = nil // one event may be at fault, and the walk goes on behind it
			}
		}
		if err != nil && errs.CodeOf(err) != "stream.corrupt" {
			t.Fatal(err)
		}
	})
}
