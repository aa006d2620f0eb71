package httpapi

import (
	"context"
	"encoding/json"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
)

// stageSource is where a record's way through its business process comes from:
// the changes of the process's instance. ok is false where there is none that
// the person may read.
func (a *TimelineAPI) stageSource(ctx context.Context, t *metadata.Table, key id.ID, at timelineCursor) (s *timelineSource, ok bool, err error) {
	if a.Processes == nil {
		return nil, false, nil
	}
	v, ok, err := a.Processes().On(ctx, a.Records, a.Catalog(), t.Name, key)
	if err != nil || !ok {
		return nil, false, err
	}
	instance, ok := a.Catalog().Table(v.Table)
	if !ok {
		return nil, false, nil
	}
	read := a.changes(instance, v.Instance, func(c *changelog.Change) bool { return c.Op == changelog.Update && stageStep(c) != "" })
	return &timelineSource{name: "s", at: at["s"], read: func(ctx context.Context, from timelinePosition, limit int) ([]timelineEntry, error) {
		list, err := read(ctx, from, limit)
		for i := range list {
			list[i].stage = true
		}
		return list, err
	}}, true, nil
}

// stageStep says what a change of an instance is to people: a stage entered,
// the process finished, stopped or taken up again, or nothing.
func stageStep(c *changelog.Change) string {
	after := values(c.After)
	if status, ok := after["statuscode"]; ok {
		switch status {
		case json.Number("1"):
			return "resume"
		case json.Number("2"):
			return "finish"
		case json.Number("3"):
			return "abort"
		}
	}
	if stage, _ := after["activestageid"].(string); stage != "" {
		return "move"
	}
	return ""
}

var stageTitles = map[string]metadata.Label{
	"move":   {"en": "moved to the stage", "de": "hat weitergesetzt auf"},
	"finish": {"en": "finished the process", "de": "hat den Prozess abgeschlossen"},
	"abort":  {"en": "stopped the process", "de": "hat den Prozess angehalten"},
	"resume": {"en": "took the process up again", "de": "hat den Prozess wieder aufgenommen"},
}

// stage puts a step of the business process into words.
func (w *wording) stage(c *changelog.Change) string {
	step := stageStep(c)
	title := stageTitles[step].In(w.lang)
	if step != "move" || w.stageName == nil {
		return title
	}
	text, _ := values(c.After)["activestageid"].(string)
	key, err := id.Parse(text)
	if err != nil {
		return title
	}
	if name, ok := w.stageName(key); ok {
		title += " " + name.In(w.lang)
	}
	return title
}
