package cloudevents_test

import (
	"reflect"
	"testing"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/kit/cloudevents"
)

// FuzzFromHTTP looks for panics, for errors without a kind, and for events
// that are accepted but do not survive being kept.
func FuzzFromHTTP(f *testing.F) {
	for _, body := range []string{
		``, `{}`, `[]`, `[{}]`, `{"specversion":"1.0","id":"7","source":"/shop","type":"t","time":"2026-11-22T09:30:00Z","a":1,"data":{"a":[null,1e9,"\ud83d\ude00"]}}`,
		`[{"id":"7","topic":"/t","subject":"s","eventType":"t","eventTime":"2026-11-22T09:30:00+02:00","data":"x","dataVersion":"1"}]`,
		`{"specversion":"1.0","id":"7","source":"/shop","type":"t","data_base64":"AAE="}`, "\xff\xfe", `{"a":{"a":{"a":{"a":`,
	} {
		for mode := range uint8(4) {
			f.Add(mode, "7", "%E2%82%AC", []byte(body))
		}
	}
	f.Fuzz(func(t *testing.T, mode uint8, id, subject string, body []byte) {
		h := header("Content-Type", []string{structured, batched, plain, "application/json"}[mode%4])
		if mode%4 == 3 {
			h = binaryHeader("ce-subject", subject, "Content-Type", []string{plain, "text/plain"}[mode/4%2])
			h["Ce-Id"] = []string{id}
		}
		events, err := cloudevents.FromHTTP(h, body, "/topics/leads")
		if err != nil {
			if k := errs.KindOf(err); k != errs.Invalid && k != errs.TooLarge && k != errs.Unsupported {
				t.Fatalf("kind %s: %v", k, err)
			}
			return
		}
		for i := range events {
			kept := events[i].AppendJSON(nil)
			again, err := cloudevents.Decode(kept)
			if err != nil {
				t.Fatalf("kept %q: %v", kept, err)
			}
			if len(again.Data) == 0 && len(events[i].Data) == 0 {
				again.Data, events[i].Data = nil, nil
			}
			if !reflect.DeepEqual(again, events[i]) {
				t.Fatalf("%+v became %+v", events[i], again)
			}
		}
	})
}
