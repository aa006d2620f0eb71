package flow

import (
	"database/sql"
	"encoding/json"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// column is one value on its way into a row.
type column struct {
	name   string
	kind   query.Kind
	value  any
	folded bool // has a companion for comparing
}

// encode gives names and driver values, companions of texts among them.
func encode(d sqldb.Dialect, columns []column) (names []string, args []any, err error) {
	for _, c := range columns {
		v, err := query.Encode(d, c.kind, c.value)
		if err != nil {
			return nil, nil, err
		}
		names, args = append(names, c.name), append(args, v)
		if c.folded {
			var folded any
			if s, ok := c.value.(string); ok {
				folded = query.Fold(s)
			}
			names, args = append(names, query.FoldedName(c.name)), append(args, folded)
		}
	}
	return names, args, nil
}

func insert(tx *sqldb.Tx, table string, columns []column, suffix string) (int64, error) {
	d := tx.Dialect()
	names, args, err := encode(d, columns)
	if err != nil {
		return 0, err
	}
	marks := make([]string, len(names))
	for i := range names {
		marks[i], names[i] = d.Placeholder(i+1), d.Quote(names[i])
	}
	return tx.Exec("INSERT INTO "+d.Quote(table)+" ("+strings.Join(names, ", ")+") VALUES ("+strings.Join(marks, ", ")+")"+suffix, args...)
}

// system columns, as the record store fills them.
func created(at time.Time) []column {
	return []column{{"createdon", query.Time, at, false}, {"createdby", query.ID, access.SystemUser, false}, {"modifiedon", query.Time, at, false},
		{"modifiedby", query.ID, access.SystemUser, false}, {"versionnumber", query.Int, int64(1), false}}
}

func textOrNil(s string, most int) any {
	if s == "" {
		return nil
	}
	if r := []rune(s); len(r) > most {
		return string(r[:most])
	}
	return s
}

func idOrNil(v id.ID) any {
	if v == id.Nil {
		return nil
	}
	return v
}

func (r *Run) changing() []column {
	columns := []column{{"rpt_name", query.Text, textOrNil(r.Name, 300), true}, {"rpt_status", query.Int, int64(r.Status), false},
		{"rpt_error", query.Memo, textOrNil(r.Error, 4000), false}, {"rpt_regarding", query.ID, idOrNil(r.Regarding), false}}
	if !r.CompletedOn.IsZero() {
		return append(columns, column{"rpt_completedon", query.Time, r.CompletedOn, false}, column{"rpt_durationms", query.Int, r.CompletedOn.Sub(r.StartedOn).Milliseconds(), false})
	}
	return append(columns, column{"rpt_completedon", query.Time, nil, false}, column{"rpt_durationms", query.Int, nil, false})
}

// insertRun writes a new run; false where it is there already.
func (e *Engine) insertRun(tx *sqldb.Tx, r *Run) (bool, error) {
	input, err := query.RawJSON(r.Input)
	if err != nil {
		return false, err
	}
	columns := append([]column{{"rpt_flowrunid", query.ID, r.ID, false}, {"rpt_flowid", query.ID, idOrNil(r.FlowID), false}, {"rpt_flowname", query.Text, r.FlowName, true},
		{"rpt_version", query.Int, r.Version, false}, {"rpt_startedon", query.Time, r.StartedOn, false}, {"rpt_input", query.JSON, input, false},
		{"rpt_key", query.Text, textOrNil(r.Key, 2000), true}}, r.changing()...)
	n, err := insert(tx, "rpt_flowrun", append(columns, created(e.o.Clock.Now())...), " ON CONFLICT (rpt_flowrunid) DO NOTHING")
	return n > 0, err
}

func (e *Engine) updateRun(tx *sqldb.Tx, r *Run) error {
	d := tx.Dialect()
	columns := append(r.changing(), column{"modifiedon", query.Time, e.o.Clock.Now(), false}, column{"modifiedby", query.ID, access.SystemUser, false})
	names, args, err := encode(d, columns)
	if err != nil {
		return err
	}
	set := make([]string, len(names))
	for i, name := range names {
		set[i] = d.Quote(name) + " = " + d.Placeholder(i+1)
	}
	key, err := query.Encode(d, query.ID, r.ID)
	if err != nil {
		return err
	}
	_, err = tx.Exec("UPDATE rpt_flowrun SET "+strings.Join(set, ", ")+", versionnumber = versionnumber + 1 WHERE rpt_flowrunid = "+d.Placeholder(len(args)+1), append(args, key)...)
	return err
}

func (e *Engine) insertCheckpoint(tx *sqldb.Tx, r *Run, seq int64, history []Entry) error {
	steps, err := encodeHistory(history)
	if err != nil {
		return err
	}
	_, err = insert(tx, "rpt_flowcheckpoint", append([]column{{"rpt_flowcheckpointid", query.ID, id.New(), false}, {"rpt_name", query.Text, textOrNil(r.Name, 300), true},
		{"rpt_runid", query.ID, r.ID, false}, {"rpt_sequence", query.Int, seq, false}, {"rpt_steps", query.JSON, steps, false}}, created(e.o.Clock.Now())...), "")
	return err
}

func (e *Engine) exists(tx *sqldb.Tx, run id.ID) (bool, error) {
	key, err := query.Encode(tx.Dialect(), query.ID, run)
	if err != nil {
		return false, err
	}
	var one int
	return tx.QueryRow("SELECT 1 FROM rpt_flowrun WHERE rpt_flowrunid = "+tx.Dialect().Placeholder(1), []any{key}, &one)
}

// lock reads a run and keeps others from changing it until the transaction ends.
func (e *Engine) lock(tx *sqldb.Tx, run id.ID) (*Run, error) {
	d := tx.Dialect()
	key, err := query.Encode(d, query.ID, run)
	if err != nil {
		return nil, err
	}
	text := "SELECT rpt_flowid, rpt_flowname, rpt_version, rpt_name, rpt_status, rpt_startedon, rpt_error, rpt_input, rpt_key, rpt_regarding FROM rpt_flowrun WHERE rpt_flowrunid = " + d.Placeholder(1)
	if d == sqldb.Postgres {
		text += " FOR UPDATE"
	}
	r := &Run{ID: run}
	var flow, started, regarding any
	var name, failure, key0 sql.NullString
	var input string
	found, err := tx.QueryRow(text, []any{key}, &flow, &r.FlowName, &r.Version, &name, &r.Status, &started, &failure, &input, &key0, &regarding)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, ErrNoRun
	}
	r.Name, r.Error, r.Key = name.String, failure.String, key0.String
	r.Input, _ = decodeJSON(json.RawMessage(input)).(map[string]any)
	for _, v := range []struct {
		kind query.Kind
		raw  any
		set  func(any)
	}{{query.ID, flow, func(v any) { r.FlowID, _ = v.(id.ID) }}, {query.ID, regarding, func(v any) { r.Regarding, _ = v.(id.ID) }}, {query.Time, started, func(v any) { r.StartedOn, _ = v.(time.Time) }}} {
		decoded, err := query.Decode(d, v.kind, 0, v.raw)
		if err != nil {
			return nil, err
		}
		v.set(decoded)
	}
	return r, nil
}

// keepDefinition keeps the text of a definition for runs that outlive it.
func (e *Engine) keepDefinition(tx *sqldb.Tx, p *Program) error {
	e.mu.Lock()
	known := e.kept[p.hash]
	e.mu.Unlock()
	if known {
		return nil
	}
	pl := tx.Dialect().Placeholder
	_, err := tx.Exec("INSERT INTO flowdefinition (hash, name, version, definition) VALUES ("+pl(1)+", "+pl(2)+", "+pl(3)+", "+pl(4)+") ON CONFLICT (hash) DO NOTHING",
		p.hash, p.Name, p.Version, string(p.text))
	tx.AfterCommit(func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.kept[p.hash] = true
	})
	return err
}

// program finds the definition that a run began with.
func (e *Engine) program(tx *sqldb.Tx, run *Run, hash string) (*Program, error) {
	if p, ok := e.o.Flows().Flow(run.FlowName); ok && p.hash == hash {
		return p, nil
	}
	e.mu.Lock()
	p := e.programs[hash]
	e.mu.Unlock()
	if p != nil {
		return p, nil
	}
	var text string
	found, err := tx.QueryRow("SELECT definition FROM flowdefinition WHERE hash = "+tx.Dialect().Placeholder(1), []any{hash}, &text)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, errs.New(errs.Internal, "flow.definition", "the definition that the run began with is lost")
	}
	if p, err = Compile([]byte(text), nil); err != nil {
		return nil, err
	}
	p.ID, p.Version = run.FlowID, run.Version
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.programs) > 200 {
		clear(e.programs)
	}
	e.programs[hash] = p
	return p, nil
}

// keepState keeps the state of a failed run, for Resume.
func (e *Engine) keepState(tx *sqldb.Tx, run id.ID, text json.RawMessage) error {
	key, err := query.Encode(tx.Dialect(), query.ID, run)
	if err != nil {
		return err
	}
	p := tx.Dialect().Placeholder
	_, err = tx.Exec("INSERT INTO flowstate (runid, state) VALUES ("+p(1)+", "+p(2)+") ON CONFLICT (runid) DO UPDATE SET state = excluded.state", key, string(text))
	return err
}
