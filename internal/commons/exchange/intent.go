package exchange

import (
	"context"
	"encoding/json"
	"fmt"
	"math"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// The kinds of intents; each is one request of the contract.
const (
	kindCase     = "case"
	kindFields   = "fields"
	kindStatus   = "status"
	kindNote     = "note"
	kindDocument = "document" // names the document
	kindContent  = "content"  // uploads it

	kindNoteGone     = "note-removed"
	kindDocumentGone = "document-removed"
)

// intent is a change that is to be sent.
type intent struct {
	kind    string
	payload any
}

// documentPayload names a note with a document, and the content that it had.
type documentPayload struct {
	Note id.ID `json:"note"`
	File id.ID `json:"file"`
}

// progress is what an exchanged case remembers of its fields.
type progress struct {
	Versions map[string]int64 `json:"versions,omitempty"` // of fields that both own
	Applied  map[string]int64 `json:"applied,omitempty"`  // number of the event by which they last changed; "status" too
	Removed  map[string]int64 `json:"removed,omitempty"`  // notes and documents that are gone: number of the event by which, or removedHere
}

// removedHere marks what was removed here: nothing that the counterpart says of it
// brings it back.
const removedHere = int64(0)

// mostRemoved is how many notes and documents that are gone a case remembers.
const mostRemoved = 400

// remove remembers that a note, or document, is gone. Where there are too many, those
// that the counterpart removed first are forgotten first.
func (p *progress) remove(given string, number int64) {
	if was, known := p.Removed[given]; known && was == removedHere {
		return
	}
	p.Removed[given] = number
	for len(p.Removed) > mostRemoved {
		oldest, least := "", int64(0)
		for name, n := range p.Removed {
			if n == removedHere {
				n = math.MaxInt64
			}
			if oldest == "" || n < least || n == least && name < oldest {
				oldest, least = name, n
			}
		}
		delete(p.Removed, oldest)
	}
}

// isRemoved tells whether what an event says of a note, or document, comes too late.
func (p *progress) isRemoved(given string, number int64) bool {
	at, known := p.Removed[given]
	return known && (at == removedHere || number <= at)
}

func progressOf(link record.Row) (p progress) {
	_ = json.Unmarshal([]byte(link.Text("rpt_progress")), &p) // written by text below alone
	if p.Versions == nil {
		p.Versions = map[string]int64{}
	}
	if p.Applied == nil {
		p.Applied = map[string]int64{}
	}
	if p.Removed == nil {
		p.Removed = map[string]int64{}
	}
	return p
}

func (p progress) text() (string, error) {
	out, err := json.Marshal(p)
	return string(out), err
}

// lock locks an exchanged case, so that its changes are numbered one at a time.
func lock(ctx context.Context, tx *record.Tx, key id.ID) (record.Row, error) {
	return tx.Demand(ctx, tableCase, key, access.Write)
}

// add writes intents of a locked case, in order, and has them sent. Further values
// of the case are written along.
func (s *Service) add(ctx context.Context, tx *record.Tx, link, change record.Row, list ...intent) error {
	if change == nil {
		change = record.Row{}
	}
	number := link.Int("rpt_lastout")
	for _, in := range list {
		number++
		payload, err := json.Marshal(in.payload)
		if err != nil {
			return errs.Wrap(err, errs.Internal, "exchange.payload", "a change has no JSON form")
		}
		row := record.Row{"rpt_name": clip(fmt.Sprintf("%s %d: %s", in.kind, number, link.Text("rpt_name")), 300), "rpt_counterpartid": link.ID("rpt_counterpartid"), "rpt_caseid": link.ID("rpt_exchangecaseid"),
			"rpt_recordid": link.ID("rpt_recordid"), "rpt_number": number, "rpt_kind": in.kind, "rpt_payload": string(payload), "statecode": intentWaiting}
		if _, err := tx.Create(ctx, tableIntent, row); err != nil {
			return err
		}
	}
	if len(list) > 0 {
		change["rpt_lastout"] = number
	}
	if len(change) > 0 {
		if _, err := tx.Update(ctx, tableCase, link.ID("rpt_exchangecaseid"), change, record.Match{}); err != nil {
			return err
		}
	}
	return s.goOn(tx, link)
}

// goOn has what waits of a locked case sent.
func (s *Service) goOn(tx *record.Tx, link record.Row) error {
	key := link.ID("rpt_exchangecaseid")
	_, err := s.c.Queue.Enqueue(tx.SQL(), job.Spec{Kind: jobSend, Key: key.String(), Payload: about{link.ID("rpt_counterpartid"), key}})
	return err
}
