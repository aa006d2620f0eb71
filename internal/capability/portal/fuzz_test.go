package portal

import (
	"bytes"
	"context"
	"encoding/json"
	"net/netip"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/kit/cloudevents"
)

var (
	testTime      = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	testAddresses = []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2"), netip.MustParseAddr("192.0.2.3")}
)

// kept is a Publisher that checks that what it gets can be kept and read again.
type kept struct{ t *testing.T }

func (k kept) Publish(_ context.Context, _ string, events ...cloudevents.Event) error {
	for _, e := range events {
		if _, err := cloudevents.Decode(e.AppendJSON(nil)); err != nil {
			k.t.Errorf("%v: %s", err, e.Data)
		}
	}
	return nil
}

// FuzzSubmit throws any JSON object at the loan form.
func FuzzSubmit(f *testing.F) {
	set := LoanForms(f)
	const good = `"rpt_productinterest":"HOME","firstname":"A","lastname":"B","emailaddress1":"a@b.co","address1_country":"GB","rpt_consent":true`
	for _, seed := range []string{`{}`, `{` + good + `}`, `{` + good + `,"x":{"y":[1,null,"\u0000"]},"budgetamount":"1 000"}`, `{"firstname":{"a":1},"rpt_consent":[]}`, `{` + good + `,"":1,"a b":2}`} {
		f.Add([]byte(seed), "https://example.com/?utm_source=\xff", "ü\x00")
	}
	f.Fuzz(func(t *testing.T, body []byte, page, agent string) {
		var values map[string]any
		dec := json.NewDecoder(bytes.NewReader(body))
		dec.UseNumber()
		if dec.Decode(&values) != nil {
			return
		}
		s := New(Config{Publisher: kept{t}, Forms: set})
		form, err := s.Form("loan")
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.Submit(t.Context(), form, Submission{Values: values, Visit: Visit{Page: page, Referrer: agent, UserAgent: agent, VisitorID: agent, LocalTime: page}})
		if err != nil && !errs.Has(err, errs.Invalid) {
			t.Fatal(err)
		}
	})
}
