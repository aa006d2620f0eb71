package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/rapport-platform/rapport/internal/commons/process"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// ProcessAPI tells the interface where a record stands in its business process:
//
//	GET /api/ui/tables/{table}/{id}/process   404 when it follows none
//
// Clients move it by the instance's columns over the Web API.
type ProcessAPI struct {
	Catalog func() *metadata.Catalog
	Records record.Reader
	Set     func() *process.Set
	// Ensure gives a record the instance that it may still lack; nil does nothing.
	Ensure func(ctx context.Context, table string, key id.ID) error
}

// Register adds the route.
func (a *ProcessAPI) Register(mux *http.ServeMux) {
	mux.HandleFunc("GET /api/ui/tables/{table}/{id}/process", answering(a.serve))
}

type uiProcess struct {
	Title       string    `json:"title"`
	Table       string    `json:"table"` // of instances
	EntitySet   string    `json:"entityset"`
	Instance    id.ID     `json:"instance"`
	State       string    `json:"state"` // active, finished, aborted
	ActiveStage id.ID     `json:"activestage"`
	EnteredOn   time.Time `json:"enteredon"`
	Minutes     int64     `json:"minutes,omitempty"`
	// Since when it counts as stalled, and whether going back needs a reason.
	StalledOn  *time.Time `json:"stalledon,omitempty"`
	BackReason bool       `json:"backreason,omitempty"`
	CanFinish  bool       `json:"canfinish"`
	// A table whose record the next stage needs before it can be entered, and
	// the instance's lookup to it.
	NextNeeds  string    `json:"nextneeds,omitempty"`
	NextLookup string    `json:"nextlookup,omitempty"`
	Stages     []uiStage `json:"stages"`
}

type uiStage struct {
	ID      id.ID    `json:"id"`
	Name    string   `json:"name"`
	Table   string   `json:"table"`
	Record  *id.ID   `json:"record,omitempty"`
	Steps   []uiStep `json:"steps"`
	Passed  bool     `json:"passed"`
	Seconds int64    `json:"seconds"`
}

type uiStep struct {
	Column   string `json:"column"`
	Label    string `json:"label"`
	Required bool   `json:"required,omitempty"`
}

var errNoProcess = errs.New(errs.NotFound, "ui.process", "the record follows no process")

func (a *ProcessAPI) serve(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	if access.From(ctx).Kind == access.Anonymous {
		return access.ErrSignIn
	}
	catalog := a.Catalog()
	t, ok := catalog.Table(r.PathValue("table"))
	if !ok {
		return errTable
	}
	key, err := pathID(r)
	if err != nil {
		return err
	}
	if _, err := a.Records.Get(ctx, t.Name, key, []string{t.ID}, nil); err != nil {
		return err
	}
	v, ok, err := a.Set().On(ctx, a.Records, catalog, t.Name, key)
	if err == nil && !ok && a.Ensure != nil {
		if err = a.Ensure(ctx, t.Name, key); err == nil {
			v, ok, err = a.Set().On(ctx, a.Records, catalog, t.Name, key)
		}
	}
	if err != nil {
		return err
	}
	if !ok {
		return errNoProcess
	}
	writePortalJSON(w, http.StatusOK, processBody(v, catalog, languageOf(r, a.Records)))
	return nil
}

var processStates = map[int64]string{1: "active", 2: "finished", 3: "aborted"}

func processBody(v process.View, catalog *metadata.Catalog, lang string) uiProcess {
	instance, _ := catalog.Table(v.Table)
	out := uiProcess{Title: v.Title.In(lang), Table: v.Table, EntitySet: instance.Set, Instance: v.Instance, State: processStates[v.State], ActiveStage: v.Active, EnteredOn: v.Entered,
		Minutes: v.Minutes, CanFinish: v.CanFinish, NextNeeds: v.NextNeeds, NextLookup: v.NextLookup, Stages: []uiStage{}}
	out.BackReason = v.BackReason
	if !v.Stalled.IsZero() {
		out.StalledOn = &v.Stalled
	}
	for _, s := range v.Stages {
		stage := uiStage{ID: s.ID, Name: s.Name.In(lang), Table: s.Table, Steps: []uiStep{}, Passed: s.Passed, Seconds: s.Seconds}
		if s.Record != id.Nil {
			stage.Record = &s.Record
		}
		t, _ := catalog.Table(s.Table)
		for _, step := range s.Steps {
			if c, ok := t.Column(step.Column); ok {
				stage.Steps = append(stage.Steps, uiStep{step.Column, c.Label.In(lang), step.Required})
			}
		}
		out.Stages = append(out.Stages, stage)
	}
	return out
}
