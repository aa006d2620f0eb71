package portal

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/limit"
	"github.com/rapport-platform/rapport/internal/kit/cloudevents"
)

// How long others are waited for while a visitor waits.
const (
	decideWait  = 3 * time.Second
	captchaWait = 5 * time.Second
)

// CodeClosed is the code of a form that takes no requests any more.
const CodeClosed = "portal.form_closed"

// Names of the form's own hidden inputs.
const (
	InputToken     = "_token"
	InputReferrer  = "_referrer"
	InputLocalTime = "_localtime"
	InputTrap      = "url_confirm" // the honeypot: people don't see it
	InputProof     = "altcha"      // of work
	InputTool      = "_tool"       // the tool whose button was pressed
)

// Submission is one form filled in.
type Submission struct {
	Values map[string]any // by field name: string, json.Number, bool, []any or map[string]any
	Token  string         // of the showing of the form; empty from JSON clients
	Key    string         // a JSON client's own key: the same key is the same submission
	Trap   string         // what the honeypot caught
	Proof  string         // of work
	API    bool           // a program sent it as JSON, not a page
	Tool   string         // whose button was pressed: nothing is sent then
	Visit  Visit
}

// Submit checks a submission and publishes it. It returns the event's id once
// the event is on disk. Complaints about fields are an errs.Invalid with
// Fields; errs.TooMany and errs.Unavailable carry RetryAfter.
func (s *Service) Submit(ctx context.Context, f Form, sub Submission) (string, error) {
	now := s.cfg.Clock.Now()
	if wait, ok := s.submits.Allow(limit.Network(sub.Visit.Address)); !ok {
		s.limitedForm.Add(1)
		return "", tooMany(wait)
	}
	if f.closed {
		return "", errs.New(errs.NotFound, CodeClosed, "%s", f.message("closed_title", ""))
	}
	data, faults := f.check(sub.Values)
	if len(faults) > 0 {
		s.invalid.Add(1)
		return "", f.complain(faults)
	}
	eventID, err := submissionID(f.Name, sub, data)
	if err != nil {
		return "", err
	}
	marks := s.suspicions(f.Name, sub)
	unproven, wait := s.prove(ctx, &f, sub, eventID)
	if wait > 0 {
		s.limitedForm.Add(1)
		return "", tooMany(wait)
	}
	if marks = append(marks, unproven...); len(unproven) > 0 {
		s.unproven.Add(1)
	}
	c := sub.Visit.context()
	f.originate(c, sub.Values)
	if told := s.carried(ctx, &f, sub.Values); len(told) > 0 {
		extra, _ := data["rpt_extra"].(map[string]any)
		if extra == nil {
			extra = map[string]any{}
		}
		for name, v := range told {
			extra[name] = v
		}
		data["rpt_extra"] = extra
	}
	if len(marks) > 0 {
		c["suspect"] = strings.Join(marks, ",")
		s.suspect.Add(1)
	}
	data["context"] = c
	body, err := json.Marshal(data)
	if err != nil {
		return "", errs.Wrap(err, errs.Invalid, "portal.form_data", "the form's data can't be written as JSON")
	}
	if len(body) > cloudevents.MaxBytes {
		return "", errs.New(errs.TooLarge, "portal.too_large", "the form's data is larger than 1 MB")
	}
	event := cloudevents.Event{
		ID: eventID, Source: "/portal/forms/" + f.Name, Type: f.EventType, Subject: "forms/" + f.Name,
		Time: now, DataContentType: "application/json", Data: body,
	}
	if err := s.cfg.Publisher.Publish(ctx, f.Topic, event); err != nil {
		s.failed.Add(1)
		return "", err
	}
	s.submitted.Add(1)
	return eventID, nil
}

// originate says where a lead of the form comes from, where the visit itself
// does not.
func (f *Form) originate(c map[string]any, values map[string]any) {
	c["form"] = f.Name
	if f.Channel != "" {
		c["channel"] = f.Channel
	}
	for name, value := range f.UTM {
		if c[name] == nil {
			c[name] = value
		}
	}
	if f.Campaign != "" {
		c["campaign"] = f.Campaign
		if c["utm_campaign"] == nil {
			c["utm_campaign"] = f.Campaign
		}
	}
	interests := maps.Clone(f.Interests)
	for i := range f.Fields {
		for _, o := range f.Fields[i].Options {
			if len(o.Interests) == 0 || values[f.Fields[i].Name] != o.Value {
				continue
			}
			if interests == nil {
				interests = map[string]float64{}
			}
			for name, weight := range o.Interests {
				interests[name] = max(interests[name], weight)
			}
		}
	}
	if len(interests) > 0 {
		c["interests"] = interests
	}
}

// prove looks for the proof and the captcha that the form asks for. Who has none
// is marked, and may come less often: a browser without script is no machine.
func (s *Service) prove(ctx context.Context, f *Form, sub Submission, submission string) (marks []string, wait time.Duration) {
	now := s.cfg.Clock.Now()
	if _, ok := s.forms.Allow(f.Name); !ok {
		s.pressed.press(f.Name, now)
	}
	if s.WantsProof(f) && !(sub.API && f.Protection.Proof == ProofAuto) && !s.shownBefore(f, sub.Token) {
		if fault := s.checkProof(f.Name, sub.Proof, submission); fault != proofGood {
			marks = append(marks, fault)
		}
	}
	if f.Captcha != nil && s.cfg.Captcha != nil {
		response, _ := sub.Values[f.Captcha.Field].(string)
		solved := false
		if response != "" && len(response) < 8000 {
			asking, stop := context.WithTimeout(ctx, captchaWait)
			var err error
			// A provider that does not answer is not the visitor's fault.
			if solved, err = s.cfg.Captcha.Verify(asking, response, sub.Visit.Address); err != nil {
				solved = true
			}
			stop()
		}
		if !solved {
			marks = append(marks, "no_captcha")
		}
	}
	if len(marks) == 0 {
		return nil, 0
	}
	if d, ok := s.without.Allow(f.Name + " " + limit.Network(sub.Visit.Address)); !ok {
		return nil, d
	}
	return marks, 0
}

// shownBefore tells whether the page was given out before the form came under
// pressure, so that it could not know that a proof is wanted.
func (s *Service) shownBefore(f *Form, token string) bool {
	if f.Protection.Proof != ProofAuto {
		return false
	}
	age, known := s.age(f.Name, token)
	return known && s.cfg.Clock.Now().Add(-age).Before(s.pressedSince(f.Name))
}

// submissionID gives the event's id. A client's key alone decides, where there
// is one. A token decides together with what was typed: the same form sent
// twice is one event, but going back, mending a slip and sending again is a
// second one and must not be lost.
func submissionID(form string, sub Submission, data map[string]any) (string, error) {
	switch {
	case sub.Key != "":
		return KeyedID(form, sub.Key), nil
	case sub.Token != "":
		typed, err := json.Marshal(data) // in the order of names
		if err != nil {
			return "", errs.Wrap(err, errs.Invalid, "portal.form_data", "the form's data can't be written as JSON")
		}
		sum := sha256.Sum256(typed)
		return id.Derive("portal.token", form, sub.Token, hex.EncodeToString(sum[:])).String(), nil
	}
	return id.New().String(), nil
}

// KeyedID gives the id of the event of a submission with a key, before there is one.
func KeyedID(form, key string) string { return id.Derive("portal.key", form, key).String() }

// suspicions names what speaks for a machine. A person may trip any of these,
// so the submission is marked and goes on; the intake decides.
func (s *Service) suspicions(form string, sub Submission) (marks []string) {
	if sub.Trap != "" {
		marks = append(marks, "honeypot")
	}
	if sub.Token != "" {
		if age, known := s.age(form, sub.Token); known && age < s.cfg.MinFill {
			marks = append(marks, "too_fast")
		}
	}
	return marks
}
