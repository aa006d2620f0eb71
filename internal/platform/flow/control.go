package flow

import (
	"encoding/json"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// Resume lets a failed run go on: what the failed checkpoint had done before its
// failing step was undone with it, so it begins again at its first step. Steps
// of earlier checkpoints are not repeated. The run goes on as a job.
func (e *Engine) Resume(tx *sqldb.Tx, key id.ID) error {
	run, err := e.lock(tx, key)
	if err != nil {
		return err
	}
	if run.Status != Failed {
		return ErrNotFailed
	}
	encoded, err := query.Encode(tx.Dialect(), query.ID, key)
	if err != nil {
		return err
	}
	var text string
	found, err := tx.QueryRow("SELECT state FROM flowstate WHERE runid = "+tx.Dialect().Placeholder(1), []any{encoded}, &text)
	if err != nil {
		return err
	}
	if !found {
		return errs.New(errs.Conflict, "flow.not_failed", "the run ended by itself and can't be resumed")
	}
	s, err := decodeState([]byte(text))
	if err != nil {
		return err
	}
	s.Tries = nil
	again, err := s.encode()
	if err != nil {
		return err
	}
	if _, err := tx.Exec("DELETE FROM flowstate WHERE runid = "+tx.Dialect().Placeholder(1), encoded); err != nil {
		return err
	}
	run.Status, run.Error = Running, ""
	if err := e.updateRun(tx, run); err != nil {
		return err
	}
	_, err = e.o.Queue.Enqueue(tx, job.Spec{Kind: Kind, Key: key.String(), Payload: payload{key, json.RawMessage(again)}})
	return err
}

// Cancel ends a run that is running or waiting. A checkpoint at work is undone.
func (e *Engine) Cancel(tx *sqldb.Tx, key id.ID) error {
	run, err := e.lock(tx, key)
	if err != nil {
		return err
	}
	if run.Status.ended() {
		return ErrEnded
	}
	if _, err := e.o.Queue.Cancel(tx, Kind, key.String()); err != nil {
		return err
	}
	run.Status, run.CompletedOn = Cancelled, e.o.Clock.Now()
	e.count(tx, Cancelled)
	return e.updateRun(tx, run)
}
