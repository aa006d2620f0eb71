package decision

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/sony/gobreaker/v2"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/rule/decide"
)

const (
	mostAnswer = 256 << 10 // bytes of an answer
	trips      = 5         // failures in a row after which a service is left alone
)

// How asking a service went.
const (
	callAnswered = "answered"
	callSlow     = "slow"    // no answer within the time-out
	callFailed   = "failed"  // refused, or answered with an error
	callWrong    = "wrong"   // answered with something else than asked for
	callResting  = "resting" // left alone after failures in a row
	callUnknown  = "unknown" // there is no such service, or it is disabled
)

// Call is what is kept of asking a service.
type Call struct {
	Service  string   `json:"service"`
	Status   string   `json:"status"`
	Message  string   `json:"message,omitempty"`
	Millis   int64    `json:"millis"`
	Fallback []string `json:"fallback,omitempty"` // inputs that have their fallback
	Missing  []string `json:"missing,omitempty"`  // inputs that are missing for it
}

// ask asks every service that the definition names, and puts what they answer
// into vars. It holds no transaction, and never fails for a service.
func (s *Service) ask(ctx context.Context, d *decide.Definition, vars map[string]any) ([]Call, error) {
	calls := []Call{}
	var names []string
	wanted := map[string][]*decide.Input{}
	for i := range d.Inputs {
		if in := &d.Inputs[i]; in.Service != "" {
			if wanted[in.Service] == nil {
				names = append(names, in.Service)
			}
			wanted[in.Service] = append(wanted[in.Service], in)
		}
	}
	for _, name := range names {
		began := s.c.Clock.Now()
		call := Call{Service: name, Status: callAnswered}
		answer, err := s.askOne(ctx, name, vars)
		if e := ctx.Err(); e != nil {
			return nil, e
		}
		if err != nil {
			call.Status, call.Message = statusOf(err), messageOf(err)
		}
		for _, in := range wanted[name] {
			v := dig(answer, in.Field)
			if decide.Fits(in, v) {
				vars[in.Name] = v
				continue
			}
			if call.Status == callAnswered {
				call.Status, call.Message = callWrong, "the answer has no usable "+in.Field
			}
			if in.Fallback != nil {
				vars[in.Name] = in.Fallback
				call.Fallback = append(call.Fallback, in.Name)
			} else {
				call.Missing = append(call.Missing, in.Name)
			}
		}
		call.Millis = s.c.Clock.Now().Sub(began).Milliseconds()
		calls = append(calls, call)
	}
	return calls, nil
}

var errNoService = errs.New(errs.NotFound, "decision.no_service", "there is no such service, or it is disabled")

func statusOf(err error) string {
	switch {
	case errors.Is(err, errNoService):
		return callUnknown
	case errors.Is(err, gobreaker.ErrOpenState), errors.Is(err, gobreaker.ErrTooManyRequests):
		return callResting
	case errors.Is(err, context.DeadlineExceeded):
		return callSlow
	case errs.CodeOf(err) == "decision.answer":
		return callWrong
	}
	return callFailed
}

func messageOf(err error) string {
	if statusOf(err) == callSlow {
		return "no answer within the time-out"
	}
	var e *errs.Error
	if errors.As(err, &e) {
		return e.Message
	}
	return "the service did not answer"
}

func (s *Service) askOne(ctx context.Context, name string, vars map[string]any) (map[string]any, error) {
	system := s.system(ctx, "ask a service")
	page, err := s.c.Store.Find(system, query.Query{Table: "rpt_decisionservice", Limit: 1, Where: query.And{
		query.Compare{Left: query.Path{"rpt_uniquename"}, Value: name}, query.Compare{Left: query.Path{"statecode"}, Value: int64(0)}}})
	if err != nil {
		return nil, err
	}
	if len(page.Rows) == 0 {
		return nil, errNoService
	}
	row := page.Rows[0]
	body, err := request(row, vars)
	if err != nil {
		return nil, err
	}
	key := row.ID("rpt_decisionserviceid")
	token, err := s.secret(system, key)
	if err != nil {
		return nil, err
	}
	header := http.Header{"Accept": {"application/json"}}
	if token != "" {
		header.Set("Authorization", "Bearer "+token)
	}
	text, err := s.breaker(key, name).Execute(func() ([]byte, error) {
		limited, cancel := context.WithTimeout(ctx, time.Duration(row.Int("rpt_timeout"))*time.Millisecond)
		defer cancel()
		text, err := s.c.Asker.Ask(limited, row.Text("rpt_url"), header, body, mostAnswer)
		if err != nil && ctx.Err() == nil && limited.Err() != nil {
			err = context.DeadlineExceeded
		}
		if err == nil && !json.Valid(text) {
			err = errs.New(errs.Unavailable, "decision.answer", "the answer is no JSON")
		}
		return text, err
	})
	if err != nil {
		return nil, err
	}
	var out map[string]any
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if d.Decode(&out) != nil {
		return nil, errs.New(errs.Unavailable, "decision.answer", "the answer is no JSON object")
	}
	return out, nil
}

// request makes the body: the fields that the service is sent, out of inputs.
func request(row record.Row, vars map[string]any) ([]byte, error) {
	out := map[string]any{}
	if raw, ok := row["rpt_request"].(json.RawMessage); ok {
		var fields map[string]string
		if err := json.Unmarshal(raw, &fields); err != nil {
			return nil, errs.Wrap(err, errs.Invalid, "decision.request", "the request of the service is no object of texts")
		}
		for field, input := range fields {
			out[field] = vars[input]
		}
	}
	body, err := json.Marshal(out)
	if err != nil {
		return nil, errs.Wrap(err, errs.Invalid, "decision.request", "the request has no JSON form")
	}
	return body, nil
}

// breaker gives the circuit breaker of a service. Each node has its own.
func (s *Service) breaker(key id.ID, name string) *gobreaker.CircuitBreaker[[]byte] {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.breakers[key]
	if b == nil {
		b = gobreaker.NewCircuitBreaker[[]byte](gobreaker.Settings{Name: "decision service " + name, Timeout: s.c.Rest,
			ReadyToTrip: func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= trips },
			// That the caller gave up says nothing about the service.
			IsSuccessful: func(err error) bool { return err == nil || errors.Is(err, context.Canceled) }})
		s.breakers[key] = b
	}
	return b
}

// dig gives a field of an object, by way of objects in it.
func dig(from map[string]any, field string) any {
	var at any = from
	for part := range strings.SplitSeq(field, ".") {
		m, ok := at.(map[string]any)
		if !ok {
			return nil
		}
		at = m[part]
	}
	return at
}
