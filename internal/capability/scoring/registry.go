package scoring

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/capability/scoring/model"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// The statuses of a version, options of rpt_status.
const (
	statusQueued = int64(iota)
	statusTraining
	statusReady
	statusRefused
	statusFailed
	statusCancelled
	statusInForce
	statusRetired
)

// The origins of a version, options of rpt_origin.
const (
	originTrained  = int64(1)
	originLightGBM = int64(2)
	originXGBoost  = int64(3)
)

// partSize is how many characters of a version's file one row holds.
const partSize = 400_000

// newVersion makes the next version of a model. Two at once get different numbers.
func (s *Service) newVersion(ctx context.Context, tx *record.Tx, of record.Row, more record.Row) (record.Row, error) {
	// An update of nothing locks the model, so that numbers are taken one at a time.
	if _, err := tx.Update(ctx, "rpt_model", of.ID("rpt_modelid"), record.Row{}, record.Match{}); err != nil {
		return nil, err
	}
	page, err := tx.Find(ctx, query.Query{Table: "rpt_modelversion", Select: []string{"rpt_number"}, Limit: 1, Order: []query.Order{{Column: "rpt_number", Desc: true}},
		Where: query.Compare{Left: query.Path{"rpt_modelid"}, Value: of.ID("rpt_modelid")}})
	if err != nil {
		return nil, err
	}
	number := int64(1)
	if len(page.Rows) > 0 {
		number = page.Rows[0].Int("rpt_number") + 1
	}
	row := record.Row{"rpt_modelid": of.ID("rpt_modelid"), "rpt_number": number, "rpt_name": fmt.Sprintf("%s %d", clip(of.Text("rpt_name"), 180), number), "rpt_status": statusQueued, "rpt_progress": int64(0)}
	for k, v := range more {
		row[k] = v
	}
	return tx.Create(ctx, "rpt_modelversion", row)
}

// versionName is what stands in rpt_modelversion of leads.
func versionName(row record.Row) string {
	return clip(fmt.Sprintf("model %d", row.Int("rpt_number")), 100)
}

// keepArtifact stores the file of a version in the transaction.
func (s *Service) keepArtifact(ctx context.Context, tx *record.Tx, version id.ID, a *model.Artifact) (digest string, err error) {
	text, err := a.Encode()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	for i, n := 0, int64(0); i < len(text); n++ {
		end := min(i+partSize, len(text))
		for end < len(text) && text[end]&0xC0 == 0x80 { // a character is not cut in two
			end--
		}
		if _, err := tx.Create(ctx, "rpt_modelpart", record.Row{"rpt_name": fmt.Sprintf("part %d", n+1), "rpt_versionid": version, "rpt_number": n, "rpt_text": string(text[i:end])}); err != nil {
			return "", err
		}
		i = end
	}
	return hex.EncodeToString(sum[:]), nil
}

// artifact reads and opens the file of a version, and refuses one that has changed.
func (s *Service) artifact(ctx context.Context, from record.Reader, version id.ID) (*model.Artifact, error) {
	row, err := from.Get(ctx, "rpt_modelversion", version, []string{"rpt_digest"}, nil)
	if err != nil {
		return nil, err
	}
	text, err := s.fileOf(ctx, from, version)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte(text))
	if hex.EncodeToString(sum[:]) != row.Text("rpt_digest") {
		return nil, errs.New(errs.Invalid, "scoring.model_file", "the file of the model's version is damaged")
	}
	return model.Decode([]byte(text))
}

func (s *Service) fileOf(ctx context.Context, from record.Reader, version id.ID) (string, error) {
	var b strings.Builder
	q := query.Query{Table: "rpt_modelpart", Select: []string{"rpt_number", "rpt_text"}, Order: []query.Order{{Column: "rpt_number"}}, Limit: 20,
		Where: query.Compare{Left: query.Path{"rpt_versionid"}, Value: version}}
	for {
		page, err := from.Find(ctx, q)
		if err != nil {
			return "", err
		}
		for _, row := range page.Rows {
			b.WriteString(row.Text("rpt_text"))
		}
		if page.Next == nil {
			return b.String(), nil
		}
		q.After = page.Next
	}
}

// promote puts a version in force, and has all open leads scored by it. by is
// nil for the schedule.
func (s *Service) promote(ctx context.Context, tx *record.Tx, version id.ID, by id.ID) error {
	ctx = s.system(ctx, "promote")
	v, err := tx.Get(ctx, "rpt_modelversion", version, nil, nil)
	if err != nil {
		return err
	}
	if st := v.Int("rpt_status"); st != statusReady && st != statusRetired {
		return ErrNotReady
	}
	of := v.ID("rpt_modelid")
	if _, err := tx.Update(ctx, "rpt_model", of, record.Row{}, record.Match{}); err != nil { // locks it
		return err
	}
	m, err := tx.Get(ctx, "rpt_model", of, nil, nil)
	if err != nil {
		return err
	}
	art, err := s.artifact(ctx, tx, version) // a file that can't be read is not put in force
	if err != nil {
		return err
	}
	now := s.c.Clock.Now()
	if old := m.ID("rpt_versionid"); old != id.Nil && old != version {
		if _, err := tx.Update(ctx, "rpt_modelversion", old, record.Row{"rpt_status": statusRetired}, record.Match{}); err != nil {
			return err
		}
	}
	change := record.Row{"rpt_status": statusInForce, "rpt_promotedon": now, "rpt_promotedby": nil}
	if by != id.Nil {
		change["rpt_promotedby"] = by
	}
	if _, err := tx.Update(ctx, "rpt_modelversion", version, change, record.Match{}); err != nil {
		return err
	}
	change = record.Row{"rpt_versionid": version, "rpt_promotedon": now}
	if m["rpt_reference"] == nil {
		change["rpt_reference"] = min(max(art.Deep.Rate, 0.001), 0.999)
	}
	if _, err := tx.Update(ctx, "rpt_model", of, change, record.Match{}); err != nil {
		return err
	}
	return s.enqueueBatch(tx, fmt.Sprintf("%s %d", version, now.UnixMicro()))
}

// rollBack puts the version in force that was so before.
func (s *Service) rollBack(ctx context.Context, tx *record.Tx, of id.ID) (id.ID, error) {
	system := s.system(ctx, "roll back")
	page, err := tx.Find(system, query.Query{Table: "rpt_modelversion", Select: []string{"rpt_modelversionid"}, Limit: 1, Order: []query.Order{{Column: "rpt_promotedon", Desc: true}},
		Where: query.And{query.Compare{Left: query.Path{"rpt_modelid"}, Value: of}, query.Compare{Left: query.Path{"rpt_status"}, Value: statusRetired}}})
	if err != nil {
		return id.Nil, err
	}
	if len(page.Rows) == 0 {
		return id.Nil, ErrNothingBefore
	}
	before := page.Rows[0].ID("rpt_modelversionid")
	return before, s.promote(ctx, tx, before, access.From(ctx).ID)
}

// enqueueBatch has all open leads scored soon. The key names the occasion: a batch
// that is under way by what was in force before must not stand for this one.
func (s *Service) enqueueBatch(tx *record.Tx, occasion string) error {
	// The version that is promoted becomes hot configuration once this has
	// committed; the job waits for it.
	_, err := s.c.Queue.Enqueue(tx.SQL(), job.Spec{Kind: jobBatch, Key: occasion, Due: s.c.Clock.Now().Add(time.Second)})
	return err
}

func clip(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n])
	}
	return s
}

// Export gives the model of a version as other programs read it: LightGBM text
// of our trees, otherwise the file as it is kept.
func (s *Service) Export(ctx context.Context, version id.ID) (string, error) {
	if _, err := s.c.Store.Get(ctx, "rpt_modelversion", version, []string{"rpt_name"}, nil); err != nil {
		return "", err
	}
	a, err := s.artifact(s.system(ctx, "export"), s.c.Store, version)
	if err != nil {
		return "", errs.Wrap(err, errs.NotFound, "scoring.no_file", "this version has no model")
	}
	return a.Deep.Text, nil
}
