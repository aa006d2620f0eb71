package portal_test

import (
	"context"
	"testing"

	"github.com/rapport-platform/rapport/internal/capability/portal"
	"github.com/rapport-platform/rapport/internal/kit/cloudevents"
)

type nowhere struct{}

func (nowhere) Publish(context.Context, string, ...cloudevents.Event) error { return nil }

func BenchmarkShow(b *testing.B) {
	set := portal.LoanForms(b)
	form, _ := set.Form("loan")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := form.Show(portal.View{Token: "t", Country: "GB"}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSubmit(b *testing.B) {
	set := portal.LoanForms(b)
	s := portal.New(portal.Config{Publisher: nowhere{}, Forms: set, SubmitRate: portal.Rate{Burst: 1 << 30, Second: 1 << 30}})
	form, err := s.Form("loan")
	if err != nil {
		b.Fatal(err)
	}
	sub := ada(nil)
	sub.Token = s.NewToken("loan")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Submit(b.Context(), form, sub); err != nil {
			b.Fatal(err)
		}
	}
}
