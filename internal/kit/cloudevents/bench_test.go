package cloudevents_test

import (
	"strings"
	"testing"

	"github.com/rapport-platform/rapport/internal/kit/cloudevents"
)

var kilobyte = `{"specversion":"1.0","id":"0193f0a2-1111-7aaa-8bbb-000000000001","source":"/bench","type":"lead.created","time":"2026-11-22T10:00:00.123456Z","datacontenttype":"application/json","data":{"firstname":"Ada","lastname":"Lovelace","emailaddress1":"ada@example.com","description":"` + strings.Repeat("lorem ipsum ", 64) + `"}}`

func BenchmarkStructured(b *testing.B) {
	h, body := header("Content-Type", structured), []byte(kilobyte)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := cloudevents.FromHTTP(h, body, ""); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBatch1000(b *testing.B) {
	h, body := header("Content-Type", batched), []byte("["+strings.TrimSuffix(strings.Repeat(kilobyte+",", 1000), ",")+"]")
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := cloudevents.FromHTTP(h, body, ""); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendJSON(b *testing.B) {
	e, err := cloudevents.Decode([]byte(kilobyte))
	if err != nil {
		b.Fatal(err)
	}
	buf := e.AppendJSON(nil)
	b.SetBytes(int64(len(buf)))
	b.ReportAllocs()
	for b.Loop() {
		buf = e.AppendJSON(buf[:0])
	}
}
