package portal

import (
	"context"
	"encoding/json"
	"regexp"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/limit"
	"github.com/rapport-platform/rapport/internal/kit/cloudevents"
)

// Interaction is one thing the tracking script reports.
type Interaction struct {
	ID       string         `json:"id"`   // the script's own, unique; a repeat is the same event
	Type     string         `json:"type"` // page.viewed, page.left or interaction.something
	View     string         `json:"view"` // joins what happened during one view of a page
	Page     string         `json:"page"`
	Referrer string         `json:"referrer"`
	Title    string         `json:"title"`
	Seconds  float64        `json:"seconds"` // the page was in view, so far; of page.left
	Visitor  string         `json:"visitorid"`
	Time     string         `json:"localtime"`
	Data     map[string]any `json:"data"` // of interaction.*
}

const maxInteractions = 20 // in one request

var (
	interactionType = regexp.MustCompile(`^(?:page\.viewed|page\.left|interaction\.[a-z0-9][a-z0-9_.-]{0,49})$`)
	interactionID   = regexp.MustCompile(`^[A-Za-z0-9._-]{8,80}$`)
)

// Track publishes what the tracking script reports. Of a visitor who asks not
// to be tracked nothing is kept at all.
func (s *Service) Track(ctx context.Context, visit Visit, interactions []Interaction) error {
	now := s.cfg.Clock.Now()
	if wait, ok := s.tracks.Allow(limit.Network(visit.Address)); !ok {
		s.limitedView.Add(1)
		return tooMany(wait)
	}
	if visit.DoNotTrack {
		s.private.Add(uint64(len(interactions)))
		return nil
	}
	if len(interactions) > maxInteractions {
		return errs.New(errs.TooLarge, "portal.too_many", "a report holds at most %d interactions", maxInteractions)
	}
	events := make([]cloudevents.Event, len(interactions))
	for i, in := range interactions {
		if !interactionType.MatchString(in.Type) || in.ID != "" && !interactionID.MatchString(in.ID) || in.View != "" && !interactionID.MatchString(in.View) {
			return errs.New(errs.Invalid, "portal.interaction", "interaction %d has a type or id that is not fit", i+1)
		}
		if in.ID == "" {
			in.ID = id.New().String()
		}
		v := visit
		v.Page, v.Referrer, v.VisitorID, v.LocalTime = in.Page, in.Referrer, in.Visitor, in.Time
		v.UTM = nil // of the page reported, not of the request
		data := v.context()
		if in.View != "" {
			data["view"] = in.View
		}
		if title := cleanText(in.Title, 300); title != "" {
			data["title"] = title
		}
		if in.Type == "page.left" && in.Seconds >= 0 && in.Seconds < 7*24*3600 {
			data["seconds"] = in.Seconds
		}
		if tooDeep(in.Data, maxExtraDepth) {
			return errs.New(errs.Invalid, "portal.interaction", "interaction %d has data that is nested too deep", i+1)
		}
		if len(in.Data) > 0 {
			data["data"] = in.Data
		}
		body, err := json.Marshal(data)
		if err != nil {
			return errs.Wrap(err, errs.Invalid, "portal.interaction", "interaction %d can't be written as JSON", i+1)
		}
		events[i] = cloudevents.Event{ID: in.ID, Source: "/portal/track", Type: in.Type, Time: now, DataContentType: "application/json", Data: body}
	}
	if len(events) == 0 {
		return nil
	}
	if err := s.cfg.Publisher.Publish(ctx, s.cfg.InteractionsTopic, events...); err != nil {
		s.failed.Add(uint64(len(events)))
		return err
	}
	s.tracked.Add(uint64(len(events)))
	return nil
}
