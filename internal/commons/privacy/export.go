package privacy

import (
	"archive/zip"
	"context"
	"encoding/json"
	"io"
	"maps"
	"os"
	"path"
	"slices"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/diskfile"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// archive is a person's data on its way into a zip file, one part after the
// other: nothing but what the page needs stays in memory.
type archive struct {
	s    *Service
	zip  *zip.Writer
	n    *needles
	page page
}

// export makes the archive of a request and puts it into its column.
func (s *Service) export(ctx context.Context, request id.ID, w *work) error {
	sub, err := s.plan(ctx, w.Who)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(s.o.Data, "person-*.zip") // not where others of the machine look
	if err != nil {
		return errs.Wrap(err, errs.Unavailable, "privacy.archive", "the archive can't be written: the disk may be full")
	}
	defer os.Remove(f.Name())
	defer f.Close()
	if err := s.Archive(ctx, sub, f); err != nil {
		return diskfile.Full(err)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if _, err := s.o.Files.Put(ctx, "rpt_personrequest", request, "rpt_archive", "person-"+request.String()[:8]+".zip", f); err != nil {
		return err
	}
	w.Report = Report{}
	for _, list := range [][]Ref{sub.Persons, sub.Linked, sub.Mentions} {
		for _, r := range list {
			w.Report.add("records", r.Table, "exported", "", 1)
		}
	}
	return nil
}

// Archive writes all that is kept of a person as a zip file: JSON documents, the
// files themselves, and a page to read it by.
func (s *Service) Archive(ctx context.Context, sub *Subject, to io.Writer) error {
	a := &archive{s: s, zip: zip.NewWriter(to), n: sub.needles(), page: page{Made: s.o.Clock.Now().UTC().Format(time.RFC3339), Names: sub.Names}}
	own := slices.Concat(sub.Persons, sub.Linked)
	var others []Ref
	for _, r := range sub.Mentions {
		if r.Way != "" { // what he sent himself
			own = append(own, r)
		} else {
			others = append(others, r)
		}
	}
	for _, part := range []func() error{
		func() error { return a.records(ctx, own) },
		func() error { return a.changes(ctx, own) },
		func() error { return a.files(ctx, own) },
		func() error { return a.bin(ctx, slices.Concat(own, sub.Binned)) },
		func() error { return a.events(ctx) },
		func() error { return a.lake(ctx, own) },
		func() error { return a.search(ctx, own) },
		func() error { return a.account(ctx, sub.Persons) },
		func() error { return a.letters(ctx) },
		func() error { return a.put("mentions.json", "Records of others that name you", others, len(others)) },
		func() error { return a.index() },
	} {
		if err := part(); err != nil {
			return err
		}
	}
	return a.zip.Close()
}

// put writes one document.
func (a *archive) put(name, what string, v any, count int) error {
	if count == 0 {
		return nil
	}
	w, err := a.zip.Create(name)
	if err != nil {
		return err
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	a.page.Parts = append(a.page.Parts, document{Name: name, What: what, Count: count})
	return e.Encode(v)
}

// records writes the rows, a document for each table, and gives those about the
// person himself to the page.
func (a *archive) records(ctx context.Context, own []Ref) error {
	groups := byTable(own)
	for _, table := range slices.Sorted(maps.Keys(groups)) {
		t, ok := a.s.o.Catalog().Table(table)
		if !ok {
			continue
		}
		var rows []map[string]any
		err := a.s.rows(ctx, t, groups[table], nil, func(row record.Row) {
			values := map[string]any{}
			for name, v := range row {
				if v != nil {
					values[name] = v
				}
			}
			rows = append(rows, values)
			a.page.add(t, row)
		})
		if err != nil {
			return err
		}
		if err := a.put("records/"+table+".json", t.Plural.In("en"), rows, len(rows)); err != nil {
			return err
		}
	}
	return nil
}

// changed is a change as it stands in the archive.
type changed struct {
	At        time.Time       `json:"at"`
	Record    id.ID           `json:"record"`
	Operation string          `json:"operation"`
	Version   int64           `json:"version"`
	Actor     id.ID           `json:"actor"`
	Before    json.RawMessage `json:"before,omitempty"`
	After     json.RawMessage `json:"after,omitempty"`
}

func (a *archive) changes(ctx context.Context, own []Ref) error {
	for table, keys := range byTable(own) {
		var list []changed
		for some := range slices.Chunk(keys, 200) {
			changes, err := a.s.o.Log.Of(ctx, table, some)
			if err != nil {
				return err
			}
			for _, c := range changes {
				list = append(list, changedOf(c))
			}
		}
		if err := a.put("changes/"+table+".json", "Changes of "+table, list, len(list)); err != nil {
			return err
		}
	}
	return nil
}

func changedOf(c changelog.Change) changed {
	return changed{At: c.At, Record: c.Record, Operation: c.Op.String(), Version: c.Version, Actor: c.Actor, Before: c.Before, After: c.After}
}

func (a *archive) files(ctx context.Context, own []Ref) error {
	if a.s.o.Files == nil {
		return nil
	}
	count := 0
	for _, r := range own {
		list, err := a.s.o.Files.Of(ctx, r.Table, r.ID)
		if err != nil {
			return err
		}
		for _, in := range list {
			if !in.There {
				continue
			}
			body, err := a.s.o.Files.Open(ctx, in)
			if errs.Has(err, errs.NotFound) {
				continue
			}
			if err != nil {
				return err
			}
			w, err := a.zip.Create(path.Join("files", r.Table, r.ID.String(), in.ID.String()[:8]+"-"+in.Name))
			if err == nil {
				_, err = io.Copy(w, body)
			}
			body.Close()
			if err != nil {
				return err
			}
			count++
		}
	}
	if count > 0 {
		a.page.Parts = append(a.page.Parts, document{Name: "files/", What: "Files and attachments", Count: count})
	}
	return nil
}

// bin writes rows that lie in the recycle bin.
func (a *archive) bin(ctx context.Context, refs []Ref) error {
	d := a.s.o.DB.Dialect()
	var out []map[string]any
	for _, r := range refs {
		key, err := query.Encode(d, query.ID, r.ID)
		if err != nil {
			return err
		}
		var image string
		found, err := a.s.o.DB.QueryRow(ctx, "SELECT image FROM recyclebin WHERE tablename = "+d.Placeholder(1)+" AND recordid = "+d.Placeholder(2), []any{r.Table, key}, &image)
		if err != nil {
			return err
		}
		if found {
			out = append(out, map[string]any{"table": r.Table, "record": json.RawMessage(image)})
		}
	}
	return a.put("recyclebin.json", "Deleted records in the recycle bin", out, len(out))
}

// events writes what the stream holds of the person.
func (a *archive) events(ctx context.Context) error {
	if a.s.o.Stream == nil {
		return nil
	}
	for _, topic := range a.s.o.Topics {
		list, err := a.s.o.Stream.Find(ctx, topic.Name, a.n.event)
		if err != nil {
			return err
		}
		var out []json.RawMessage
		for _, e := range list {
			text, err := json.Marshal(&e)
			if err != nil {
				return err
			}
			out = append(out, text)
		}
		if err := a.put("stream/"+topic.Name+".json", "Events that are being worked on", out, len(out)); err != nil {
			return err
		}
	}
	return nil
}

// lake writes what the lake holds: versions of records, and events.
func (a *archive) lake(ctx context.Context, own []Ref) error {
	if a.s.o.Lake == nil {
		return nil
	}
	for table, keys := range byTable(own) {
		rows, err := a.s.o.Lake.VersionsOf(ctx, table, keys)
		if err != nil {
			return err
		}
		if err := a.put("lake/"+table+".json", "Versions of "+table+" in the lake", rows, len(rows)); err != nil {
			return err
		}
	}
	for _, topic := range a.s.o.Topics {
		var out []map[string]any
		for e, err := range a.s.o.Lake.Events(ctx, topic.Name, time.Time{}, time.Time{}) {
			if err != nil {
				return err
			}
			if a.n.events[EventKey{e.Source, e.ID}] || a.n.his(string(e.Data)) {
				one := map[string]any{"source": e.Source, "id": e.ID, "type": e.Type, "stored": e.At, "data": string(e.Data)}
				if json.Valid(e.Data) {
					one["data"] = json.RawMessage(e.Data)
				}
				out = append(out, one)
			}
		}
		if err := a.put("lake/events-"+topic.Name+".json", "Events as they came", out, len(out)); err != nil {
			return err
		}
	}
	return nil
}

// search writes by which words the records are found.
func (a *archive) search(ctx context.Context, own []Ref) error {
	d := a.s.o.DB.Dialect()
	var out []map[string]any
	for _, r := range own {
		key, err := query.Encode(d, query.ID, r.ID)
		if err != nil {
			return err
		}
		var tokens string
		found, err := a.s.o.DB.QueryRow(ctx, "SELECT tokens FROM searchdoc WHERE recordid = "+d.Placeholder(1)+" AND tablename = "+d.Placeholder(2), []any{key, r.Table}, &tokens)
		if err != nil {
			return err
		}
		if found {
			out = append(out, map[string]any{"table": r.Table, "record": r.ID, "words": tokens})
		}
	}
	return a.put("search.json", "Words by which your records are found", out, len(out))
}
