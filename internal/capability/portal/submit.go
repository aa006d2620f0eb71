package portal

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/limit"
	"github.com/rapport-platform/rapport/internal/kit/cloudevents"
)

// Names of the form's own hidden inputs.
const (
	InputToken     = "_token"
	InputReferrer  = "_referrer"
	InputLocalTime = "_localtime"
	InputTrap      = "url_confirm" // the honeypot: people don't see it
)

// Submission is one form filled in.
type Submission struct {
	Values map[string]any // by field name: string, json.Number, bool, []any or map[string]any
	Token  string         // of the showing of the form; empty from JSON clients
	Key    string         // a JSON client's own key: the same key is the same submission
	Trap   string         // what the honeypot caught
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
	data, faults := f.check(sub.Values)
	if len(faults) > 0 {
		s.invalid.Add(1)
		return "", f.complain(faults)
	}
	eventID, err := submissionID(f.Name, sub, data)
	if err != nil {
		return "", err
	}
	c := sub.Visit.context()
	c["form"] = f.Name
	if marks := s.suspicions(f.Name, sub); len(marks) > 0 {
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

// submissionID gives the event's id. A client's key alone decides, where there
// is one. A token decides together with what was typed: the same form sent
// twice is one event, but going back, mending a slip and sending again is a
// second one and must not be lost.
func submissionID(form string, sub Submission, data map[string]any) (string, error) {
	switch {
	case sub.Key != "":
		return id.Derive("portal.key", form, sub.Key).String(), nil
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
