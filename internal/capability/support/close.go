package support

import (
	"context"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// States of a case.
const (
	caseActive   = int64(0)
	caseResolved = int64(1)
)

// CloseInput closes a case.
type CloseInput struct {
	IncidentResolution action.Entity `json:"IncidentResolution" type:"incidentresolution" doc:"How it was resolved, with incidentid@odata.bind"`
	Status             int64         `json:"Status" doc:"Status reason of the resolved case; -1 for the default"`
}

// Define declares the package's actions.
func Define(r *action.Registry, c clock.Clock) {
	action.Define(r, action.Spec{Name: "CloseIncident", Effect: action.DB, Description: "Closes a case as resolved, and notes how."},
		func(ctx context.Context, call action.Call, in CloseInput) (action.Empty, error) {
			return action.Empty{}, closeCase(ctx, call.Tx, c, in)
		})
}

func closeCase(ctx context.Context, tx *record.Tx, c clock.Clock, in CloseInput) error {
	target := in.IncidentResolution.Row.ID("incidentid")
	if target == id.Nil {
		return errs.InvalidFields("support.close", "say which case is closed", []errs.Field{{Name: "incidentid", Code: "required", Message: "the resolution must name the case by incidentid@odata.bind"}})
	}
	row, err := tx.Demand(ctx, "incident", target, access.Write)
	if err != nil {
		return err
	}
	if row.Int("statecode") != caseActive {
		return errs.New(errs.Conflict, "support.closed", "the case is closed already")
	}
	resolution := record.Row{}
	for name, v := range in.IncidentResolution.Row {
		resolution[name] = v
	}
	if resolution["subject"] == nil {
		resolution["subject"] = row.Text("title")
	}
	if resolution["actualend"] == nil {
		resolution["actualend"] = c.Now()
	}
	resolution["statecode"] = int64(1)
	delete(resolution, "statuscode")
	if _, err := tx.Create(ctx, "incidentresolution", resolution); err != nil {
		return err
	}
	change := record.Row{"statecode": caseResolved}
	if in.Status != -1 {
		change["statuscode"] = in.Status
	}
	_, err = tx.Update(ctx, "incident", target, change, record.Match{})
	return err
}
