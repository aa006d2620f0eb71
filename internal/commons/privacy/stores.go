package privacy

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/kit/cloudevents"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// eraseBin takes the person's rows out of the recycle bin and him out of others',
// forgets what merges of his rows overwrote, ended jobs that quote him, and where
// runs of flows stood. The inbox forgets events whose ids quote him, imports the
// rows that they refused, and the sign-in its log of him and his password.
func (s *Service) eraseBin(ctx context.Context, w *work, n *needles, kept map[Ref]bool) error {
	sub := w.Subject
	d := s.o.DB.Dialect()
	p := d.Placeholder
	gone := slices.Concat(sub.touched(), s.binnedWays(sub, kept))
	counts := map[string]int{}
	exec := func(tx *sqldb.Tx, what, text string, args ...any) error {
		c, err := tx.Exec(text, args...)
		counts[what] += int(c)
		return err
	}
	for some := range slices.Chunk(gone, part) {
		if err := s.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
			for _, r := range some {
				key, err := query.Encode(d, query.ID, r.ID)
				if err != nil {
					return err
				}
				if err := exec(tx, "bin", "DELETE FROM recyclebin WHERE tablename = "+p(1)+" AND recordid = "+p(2), r.Table, key); err != nil {
					return err
				}
				if err := exec(tx, "merges", "DELETE FROM mergestep WHERE recordid = "+p(1), key); err != nil {
					return err
				}
				for _, beside := range besides()[r.Table] {
					if err := exec(tx, beside.what, "DELETE FROM "+beside.table+" WHERE "+beside.key+" = "+p(1), key); err != nil {
						return err
					}
				}
			}
			return nil
		}); err != nil {
			return err
		}
	}
	if err := s.redactBin(ctx, sub, n, kept, counts); err != nil {
		return err
	}
	for _, t := range []struct {
		what, table, column, where string
		texts                      []string
	}{
		{"jobs", "job", "payload", "deadon IS NOT NULL AND ", slices.Concat(n.emails, n.visitors)}, {"inbox", "inbox", "eventid", "", n.emails}, {"imports", "transferfault", "data", "", n.emails},
		{"signin", "signin", "username", "", n.emails}, {"signin", "challenge", "detail", "", n.emails},
	} {
		found, err := s.naming(ctx, t.table, t.column, t.where, t.texts, n)
		if err != nil {
			return err
		}
		for some := range slices.Chunk(slices.Sorted(maps.Keys(found)), part) {
			if err := s.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
				for _, text := range some {
					if err := exec(tx, t.what, "DELETE FROM "+t.table+" WHERE "+t.where+t.column+" = "+p(1), text); err != nil {
						return err
					}
				}
				return nil
			}); err != nil {
				return err
			}
		}
	}
	for what, c := range counts {
		w.Report.add(what, "", "deleted", "", c)
	}
	return nil
}

// beside is a table that keeps something of a row beside the records.
type beside struct{ what, table, key string }

// besides lists them by the row's table: where runs of flows stood, and the
// password and sessions of a contact who is a member of the portal.
func besides() map[string][]beside {
	return map[string][]beside{"rpt_flowrun": {{"jobs", "flowstate", "runid"}}, "contact": {{"signin", "membercredential", "contactid"}, {"signin", "membersession", "contactid"}, {"signin", "membersubmission", "contactid"}, {"signin", "documentupload", "contactid"}}}
}

// redactBin takes the person out of rows of others in the recycle bin.
func (s *Service) redactBin(ctx context.Context, sub *Subject, n *needles, kept map[Ref]bool, counts map[string]int) error {
	d := s.o.DB.Dialect()
	p := d.Placeholder
	for _, r := range sub.Binned {
		if kept[r] {
			continue
		}
		key, err := query.Encode(d, query.ID, r.ID)
		if err != nil {
			return err
		}
		err = s.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
			var text string
			found, err := tx.QueryRow("SELECT image FROM recyclebin WHERE tablename = "+p(1)+" AND recordid = "+p(2), []any{r.Table, key}, &text)
			if err != nil || !found {
				return err
			}
			c, err := tx.Exec("UPDATE recyclebin SET image = "+p(1)+" WHERE tablename = "+p(2)+" AND recordid = "+p(3), string(stripped(json.RawMessage(text), nil, n, false)), r.Table, key)
			counts["bin"] += int(c)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// eraseUploads removes files that were brought for imports and hold a record of
// the person, with all others in them: an import that has ended needs its file no
// more, and one that has not begun would bring him back.
func (s *Service) eraseUploads(ctx context.Context, w *work) error {
	if s.o.Uploads == nil {
		return nil
	}
	removed, busy, unread, err := s.o.Uploads(ctx, w.Subject.needles().his)
	w.Report.add("uploads", "importfile", "deleted", "", removed)
	w.Report.add("uploads", "importfile", "kept", "the import is at work on the file: erase again when it has ended", len(busy), busy...)
	w.Report.add("uploads", "importfile", "remains", "the file can't be read to its end, so nobody can tell whether it names the person; files go 30 days after they came", len(unread), unread...)
	return err
}

// eraseFiles drops the content of the rows that go or are emptied, and archives
// made of the same person earlier.
func (s *Service) eraseFiles(ctx context.Context, request id.ID, w *work) error {
	if err := s.eraseUploads(ctx, w); err != nil {
		return err
	}
	if s.o.Files == nil {
		return nil
	}
	var own []Ref
	for _, r := range slices.Concat(w.Subject.touched(), w.Subject.Binned) {
		if r.Way != "" {
			own = append(own, r)
		}
	}
	for table, keys := range byTable(own) {
		n, err := s.o.Files.Forget(ctx, table, keys)
		if err != nil {
			return err
		}
		w.Report.add("files", table, "deleted", "", n)
	}
	for _, person := range w.Subject.Persons {
		page, err := s.o.Store.Find(ctx, query.Query{Table: "rpt_personrequest", Select: []string{"rpt_personrequestid", "rpt_archive"}, Where: query.And{query.Compare{Left: query.Path{"rpt_subjectid"}, Value: person.ID}, query.Null{Left: query.Path{"rpt_archive"}, Negate: true}}})
		if err != nil {
			return err
		}
		for _, row := range page.Rows {
			key := row.ID("rpt_personrequestid")
			if key == request {
				continue
			}
			if err := s.o.Store.Write(ctx, func(tx *record.Tx) error {
				_, err := tx.Update(ctx, "rpt_personrequest", key, record.Row{"rpt_archive": nil}, record.Match{})
				return err
			}); err != nil {
				return err
			}
			n, err := s.o.Files.Forget(ctx, "rpt_personrequest", []id.ID{key})
			if err != nil {
				return err
			}
			w.Report.add("files", "rpt_personrequest", "deleted", "", n)
		}
	}
	return nil
}

// eraseSearch brings the documents of all these rows up to date at once.
func (s *Service) eraseSearch(ctx context.Context, _ id.ID, w *work) error {
	if s.o.Index == nil {
		return nil
	}
	for table, keys := range byTable(w.Subject.touched()) {
		if err := s.o.Index.Renew(ctx, table, keys); err != nil {
			return err
		}
		w.Report.add("search", table, "redacted", "", len(keys))
	}
	return nil
}

// eraseStream takes the person's events out of the topics.
func (s *Service) eraseStream(ctx context.Context, _ id.ID, w *work) error {
	if s.o.Stream == nil {
		return nil
	}
	// What the lake has read already must be in it, else it would come after it was looked for.
	if err := s.flush(ctx); err != nil {
		return err
	}
	n := w.Subject.needles()
	for _, topic := range s.o.Topics {
		gone, err := s.o.Stream.Erase(ctx, topic.Name, n.event)
		if err != nil {
			return err
		}
		for _, e := range gone {
			add(&w.Subject.Events, EventKey{e.Source, e.ID})
		}
		w.Report.add("stream", topic.Name, "deleted", "", len(gone))
	}
	if s.o.Trim != nil {
		if err := s.o.Trim(ctx); err != nil {
			return err
		}
	}
	for _, topic := range s.o.Topics {
		rest, err := s.o.Stream.Rest(ctx, topic.Name)
		if err != nil {
			return err
		}
		if rest {
			w.Report.add("stream", topic.Name, "remains", "events that were worked off before may leave bytes in the topic's files until all its events are worked off at one time", 1)
		}
	}
	return nil
}

// event tells whether an event is the person's.
func (n *needles) event(e cloudevents.Event) bool {
	return n.events[EventKey{e.Source, e.ID}] || n.his(string(e.Data)) || n.his(e.Subject) || n.his(e.ID)
}

// flushWait is how long the lake is given to take in what is on its way.
const flushWait = time.Minute

// flush has the lake take in what is on its way.
func (s *Service) flush(ctx context.Context) error {
	if s.o.Lake == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, flushWait)
	defer cancel()
	if err := s.o.Lake.Flush(ctx); err != nil {
		return errs.Wrap(err, errs.Unavailable, "privacy.lake", "the lake does not take in what is on its way")
	}
	return nil
}

// eraseLake takes the person out of the lake's newest versions, and older
// versions of the tables he was in away.
func (s *Service) eraseLake(ctx context.Context, _ id.ID, w *work) error {
	if s.o.Lake == nil {
		return nil
	}
	if err := s.flush(ctx); err != nil {
		return err
	}
	n := w.Subject.needles()
	own := w.Subject.own()
	shred := map[string]bool{}
	groups := map[string]map[Ref][]id.ID{} // table → way and whether it is his → rows
	for _, r := range slices.Concat(w.Subject.touched(), s.binnedWays(w.Subject, nil)) {
		kind := Ref{Way: r.Way}
		if own[Ref{Table: r.Table, ID: r.ID}] {
			kind.Kept = "own"
		}
		if groups[r.Table] == nil {
			groups[r.Table] = map[Ref][]id.ID{}
		}
		groups[r.Table][kind] = append(groups[r.Table][kind], r.ID)
	}
	for table, ways := range groups {
		for kind, keys := range ways {
			rows, done, err := 0, "deleted", error(nil)
			if kind.Way == metadata.Remove {
				rows, err = s.o.Lake.Erase(ctx, table, keys)
			} else {
				var columns []string
				if kind.Way == metadata.Anonymise {
					_, columns = s.tableOf(table)
				}
				done = "redacted"
				rows, err = s.o.Lake.Redact(ctx, table, keys, columns, func(text string) string { return n.redact(text, kind.Kept != "") })
			}
			if err != nil {
				return err
			}
			w.Report.add("lake", table, done, "", rows)
			shred["changes/"+table], shred["current/"+table] = true, true
		}
	}
	for _, topic := range s.o.Topics {
		_, rows, err := s.o.Lake.EraseEventsWhere(ctx, topic.Name, topic.Table, func(source, event string, data []byte) bool {
			return n.events[EventKey{source, event}] || n.his(string(data)) || n.his(event)
		})
		if err != nil {
			return err
		}
		w.Report.add("lake", "events/"+topic.Name, "deleted", "", rows)
		shred["events/"+topic.Name] = true
		if topic.Table != "" {
			shred["arrivals/"+topic.Table] = true
		}
	}
	rows, err := s.o.Lake.EraseImported(ctx, n.his)
	if err != nil {
		return err
	}
	w.Report.add("lake", "history", "deleted", "", rows)
	names, err := s.o.Lake.Names()
	if err != nil {
		return err
	}
	var list []string
	for _, name := range names {
		if shred[name] || rows > 0 && name[:4] == "hist" {
			list = append(list, name)
		}
	}
	_, err = s.o.Lake.Shred(ctx, list)
	return err
}
