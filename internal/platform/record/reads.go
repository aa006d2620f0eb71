package record

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// Who reads a column whose reads are audited leaves a trace, and so does every
// export. The trace is on disk before the rows are given out: where it can't be
// written, the read fails. One row holds a whole page, with the ids of the rows
// that were shown packed beside it. What the platform reads for itself, as
// System, leaves none; nor does a row that stays inside because a page is cut.

// readTable holds the traces, where it is in the catalog.
const readTable = "rpt_readlog"

// Read is what somebody was shown.
type Read struct {
	Table   string
	Columns []string // that were shown
	Used    []string // audited ones that were filtered, sorted or grouped by
	IDs     []id.ID  // of the rows; none where groups of rows were shown
	Count   int64    // of rows or groups; 0 means as many as there are ids
	How     string   // "read" unless the context says otherwise: export, fetchxml, sql, search, history …
	Detail  string   // what else is worth knowing, such as the file's format; no personal data
}

type howKey struct{}

type how struct{ way, detail string }

// Reading says in the context by which way what follows is read.
func Reading(ctx context.Context, way string) context.Context {
	return context.WithValue(ctx, howKey{}, how{way: way})
}

// exporting is the way of reading of which every row and column leaves a trace.
const exporting = "export"

// Exporting says in the context that what is found from here on goes into an
// export: every page that Find reads then leaves a trace of all its columns and
// rows, audited columns or not, before it is given out. detail says what the
// export is: its format, its view.
func Exporting(ctx context.Context, detail string) context.Context {
	return context.WithValue(ctx, howKey{}, how{exporting, detail})
}

func howOf(ctx context.Context) how {
	h, ok := ctx.Value(howKey{}).(how)
	if !ok {
		h.way = "read"
	}
	return h
}

// NoteReads writes down what the context's principal is about to be shown, for
// those who give values out by another way than Find. It is on disk when it returns.
func (s *Store) NoteReads(ctx context.Context, list ...Read) error {
	if !traced(ctx, &s.o) || len(list) == 0 {
		return nil
	}
	return s.Write(ctx, func(tx *Tx) error { return tx.NoteReads(ctx, list...) })
}

// traced tells whether the reads of the context's principal leave a trace.
func traced(ctx context.Context, o *Options) bool {
	if access.From(ctx).Kind == access.System {
		return false
	}
	_, ok := o.Catalog().Table(readTable)
	return ok
}

// NoteReads is Store.NoteReads within a transaction.
func (tx *Tx) NoteReads(ctx context.Context, list ...Read) error {
	if !traced(ctx, tx.o) {
		return nil
	}
	t, err := tx.table(readTable)
	if err != nil {
		return err
	}
	for _, r := range list {
		if err := tx.noteRead(ctx, t, r); err != nil {
			return err
		}
	}
	return nil
}

func (tx *Tx) noteRead(ctx context.Context, t *metadata.Table, r Read) error {
	p, source, h, now := access.From(ctx), changelog.SourceOf(ctx), howOf(ctx), tx.o.Clock.Now()
	if r.How == "" {
		r.How = h.way
	}
	if r.Detail == "" {
		r.Detail = h.detail
	}
	if p.Kind == access.Member {
		r.Detail = strings.TrimPrefix(r.Detail+"; member "+p.ID.String(), "; ")
	}
	if r.Count == 0 {
		r.Count = int64(len(r.IDs))
	}
	row := Row{t.ID: id.New(), "rpt_name": fmt.Sprintf("%s: %d", r.Table, r.Count), "rpt_how": r.How, "rpt_table": r.Table, "rpt_columns": clipped(strings.Join(r.Columns, ", ")), "rpt_used": clipped(strings.Join(r.Used, ", ")),
		"rpt_count": r.Count, "rpt_userid": access.Actor(ctx), "rpt_channel": string(source.Channel), "rpt_address": source.Address, "rpt_origin": changelog.Origin(ctx), "rpt_detail": clipped(r.Detail),
		"createdon": now, "modifiedon": now, "createdby": access.SystemUser, "modifiedby": access.SystemUser, "versionnumber": int64(1)}
	if p.Delegate != id.Nil {
		row["rpt_callinguserid"] = p.Delegate
	}
	if err := applyState(t, nil, row); err != nil {
		return err
	}
	if err := tx.insert(t, row); err != nil {
		return err
	}
	if len(r.IDs) == 0 {
		return nil
	}
	d := tx.sql.Dialect()
	key, err := query.Encode(d, query.ID, row.ID(t.ID))
	if err != nil {
		return err
	}
	at, err := query.Encode(d, query.Time, now)
	if err != nil {
		return err
	}
	packed := make([]byte, 0, len(r.IDs)*len(id.Nil))
	for _, v := range r.IDs {
		packed = append(packed, v[:]...)
	}
	_, err = tx.sql.Exec("INSERT INTO readlogrows (readlogid, tablename, at, ids) VALUES ("+d.Placeholder(1)+", "+d.Placeholder(2)+", "+d.Placeholder(3)+", "+d.Placeholder(4)+")", key, r.Table, at, packed)
	return err
}

// clipped keeps a list of columns within what its column holds.
func clipped(s string) string {
	const most = 20_000
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "")
	}
	return s
}

// shown lists what a page of rows shows that leaves a trace.
func (r reader) shown(ctx context.Context, q *query.Query, rows []Row, used map[string][]string) []Read {
	all := howOf(ctx).way == exporting
	var out []Read
	note := func(table, idName string, columns []string) {
		if len(columns) == 0 && len(used[table]) == 0 {
			return
		}
		read := Read{Table: table, Columns: columns, Used: used[table], Count: int64(len(rows))}
		if q.Group == nil {
			read.IDs = idsOf(rows, idName)
		}
		out = append(out, read)
		delete(used, table)
	}
	pick := func(table string, names []string) []string {
		t, ok := r.o.Catalog().Table(table)
		if !ok || all {
			return names
		}
		if !t.Shape().Audited {
			return nil
		}
		return slices.DeleteFunc(slices.Clone(names), func(n string) bool { return !t.Shape().Columns[n].Audited })
	}
	names := q.Select
	if q.Group != nil {
		names = grouped(q, "")
	}
	note(q.Table, r.idName(q.Table, ""), pick(q.Table, names))
	var walk func(links []query.Link)
	walk = func(links []query.Link) {
		for i := range links {
			l := &links[i]
			names := l.Select
			if q.Group != nil {
				names = grouped(q, l.Alias)
			}
			note(l.Table, r.idName(l.Table, l.Alias), pick(l.Table, names))
			walk(l.Links)
		}
	}
	walk(q.Links)
	for table := range used {
		note(table, "", nil)
	}
	return out
}

// idName is where a row has the id of the row of a link, or of its own.
func (r reader) idName(table, link string) string {
	t, ok := r.o.Catalog().Table(table)
	if !ok {
		return ""
	}
	return query.LinkedName(link, t.ID)
}

func idsOf(rows []Row, name string) []id.ID {
	seen := make(map[id.ID]bool, len(rows))
	out := make([]id.ID, 0, len(rows))
	for _, row := range rows {
		if key := row.ID(name); key != id.Nil && !seen[key] {
			seen[key] = true
			out = append(out, key)
		}
	}
	return out
}

// withLinkIDs adds to the selection the ids of linked rows of which a trace will
// be left, and gives the names under which they were added.
func withLinkIDs(ctx context.Context, c *metadata.Catalog, q *query.Query) (added []string) {
	if q.Group != nil || q.Distinct {
		return nil
	}
	all := howOf(ctx).way == exporting
	var walk func(links []query.Link) []query.Link
	walk = func(links []query.Link) []query.Link {
		links = slices.Clone(links)
		for i := range links {
			l := &links[i]
			if t, ok := c.Table(l.Table); ok && len(l.Select) > 0 && (all || t.Shape().Audited) && !slices.Contains(l.Select, t.ID) {
				l.Select = append(slices.Clone(l.Select), t.ID)
				added = append(added, query.LinkedName(l.Alias, t.ID))
			}
			l.Links = walk(l.Links)
		}
		return links
	}
	q.Links = walk(q.Links)
	return added
}

func grouped(q *query.Query, link string) (out []string) {
	for _, k := range q.Group.Keys {
		if k.Link == link {
			out = append(out, k.Column)
		}
	}
	for _, v := range q.Group.Values {
		if v.Link == link && v.Column != "" {
			out = append(out, v.Column)
		}
	}
	return out
}

// ReadsOf lists the traces of reads that have shown a row, those before a moment
// only, the newest first. It looks through the reads of the row's table.
func (r reader) ReadsOf(ctx context.Context, table string, key id.ID, before time.Time, limit int) ([]id.ID, error) {
	d := r.o.DB.Dialect()
	at, err := query.Encode(d, query.Time, before)
	if err != nil {
		return nil, err
	}
	within := "instr(ids, " + d.Placeholder(3) + ")"
	if d.String() == "postgres" {
		within = "position(" + d.Placeholder(3) + "::bytea in ids)"
	}
	rows, err := r.query(ctx, "SELECT readlogid, ids FROM readlogrows WHERE tablename = "+d.Placeholder(1)+" AND at < "+d.Placeholder(2)+" AND "+within+" > 0 ORDER BY at DESC LIMIT "+d.Placeholder(4), []any{table, at, key[:], limit})
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []id.ID
	for rows.Next() {
		var raw any
		var ids []byte
		if err := rows.Scan(&raw, &ids); err != nil {
			return nil, err
		}
		if !holds(ids, key) {
			continue // two other ids, side by side, look like this one
		}
		one, err := query.DecodeID(raw)
		if err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return out, rows.Err()
}

func holds(packed []byte, key id.ID) bool {
	for chunk := range slices.Chunk(packed, len(key)) {
		if string(chunk) == string(key[:]) {
			return true
		}
	}
	return false
}
