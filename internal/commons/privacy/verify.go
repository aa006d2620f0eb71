package privacy

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
)

// scrub takes away what the database's files still hold of what was deleted, as
// far as that can be done while it is used, and says what it can't.
func (s *Service) scrub(ctx context.Context, _ id.ID, w *work) error {
	if s.o.DB.Dialect() == sqldb.SQLite && s.o.Index != nil && s.small() {
		if err := s.o.Index.Optimize(ctx); err != nil {
			return err
		}
	}
	tables := []string{"changelog", "recyclebin", "job", "personwork", "searchdoc", "searchterm"}
	for table := range byTable(w.Subject.touched()) {
		tables = append(tables, table)
	}
	did, err := s.o.DB.Scrub(ctx, s.o.Whole, tables)
	if err != nil {
		w.Report.add("database", "", "remains", "the database's files could not be cleaned now; deleted rows may lie in them until it is done: "+err.Error(), 1)
		return nil
	}
	if s.o.DB.Dialect() == sqldb.Postgres {
		w.Report.add("database", "", "remains", "PostgreSQL keeps the bytes of rows that were deleted or changed in its pages until the place is used again, and in its write-ahead log, its archive and backups until those are recycled. VACUUM FULL on the tables named in this report rewrites them; it locks each while it runs", 1)
		return nil
	}
	if !did.Whole {
		w.Report.add("database", "", "remains", "the file is too large to be written anew while it is used: words of the search index may lie in it until VACUUM; rows that were deleted or changed are overwritten", 1)
	}
	if !did.Log {
		w.Report.add("database", "", "remains", "the write-ahead log is in use and is emptied with its next checkpoint", 1)
	}
	return nil
}

func (s *Service) small() bool {
	var pages, size int64
	rows, err := s.o.DB.SQL().Query("PRAGMA page_count")
	if err == nil && rows.Next() {
		_ = rows.Scan(&pages)
	}
	if rows != nil {
		rows.Close()
	}
	rows, err = s.o.DB.SQL().Query("PRAGMA page_size")
	if err == nil && rows.Next() {
		_ = rows.Scan(&size)
	}
	if rows != nil {
		rows.Close()
	}
	return pages*size <= s.o.Whole
}

// verify looks once more for addresses of the person everywhere, and for his
// name; what it finds the report names.
func (s *Service) verify(ctx context.Context, request id.ID, w *work) error {
	n := w.Subject.needles()
	l, err := s.looking(ctx, w.Who.Thorough)
	if err != nil {
		return err
	}
	still := map[Ref]bool{}
	if err := s.verifyRecords(ctx, l, w, n, still); err != nil {
		return err
	}
	if err := s.verifyBeside(ctx, l, w, n, still); err != nil {
		return err
	}
	if s.o.Lake != nil {
		if err := s.verifyLake(ctx, l, w, n); err != nil {
			return err
		}
	}
	if err := l.forget(ctx, w.Subject, n, still); err != nil {
		return err
	}
	return s.verifyFolder(ctx, request, w, n)
}

// verifyBeside looks for addresses in what is kept beside the records, and notes
// the records whose former values hold one.
func (s *Service) verifyBeside(ctx context.Context, l look, w *work, n *needles, still map[Ref]bool) error {
	d := s.o.DB.Dialect()
	const says = "rows here still name the person: those of records that are kept, or that are being worked on now"
	for _, t := range []struct {
		table, text string
		parts       func(context.Context, *needles, int) ([]condition, error)
	}{{"changelog", "(COALESCE(before, '') || ' ' || COALESCE(after, '') || ' ' || origin)", l.changes}, {"recyclebin", "image", l.bin}, {"searchdoc", "tokens", l.changes}} {
		find := like(d, t.text, slices.Concat(n.emails, n.visitors))
		if find.text == "" {
			continue
		}
		parts, err := t.parts(ctx, n, len(find.args)+1)
		if err != nil {
			return err
		}
		for _, p := range parts {
			count := 0
			err := s.eachRef(ctx, "SELECT tablename, recordid, "+t.text+" FROM "+t.table+" WHERE ("+find.text+")"+p.text, slices.Concat(find.args, p.args), func(ref Ref, text string) {
				if n.named(text) {
					count++
					still[ref] = true
				}
			})
			if err != nil {
				return err
			}
			w.Report.add("verify", t.table, "remains", says, count)
		}
	}
	for _, t := range []struct{ table, text string }{{"job", "payload"}, {"inbox", "eventid"}, {"mergestep", "(COALESCE(was, '') || ' ' || COALESCE(became, ''))"},
		{"flowstate", "state"}, {"transferfault", "data"}, {"signin", "username"}, {"challenge", "detail"}, {"filecontent", "filename"}} {
		found, err := s.naming(ctx, t.table, t.text, "", slices.Concat(n.emails, n.visitors), n)
		if err != nil {
			return err
		}
		count := 0
		for _, times := range found {
			count += times
		}
		w.Report.add("verify", t.table, "remains", says, count)
	}
	return nil
}

// naming gives the texts of a small table that name the person, and how often each is there.
func (s *Service) naming(ctx context.Context, table, expression, where string, texts []string, n *needles) (map[string]int, error) {
	find := like(s.o.DB.Dialect(), expression, texts)
	if find.text == "" {
		return nil, nil
	}
	rows, err := s.o.DB.Query(ctx, "SELECT "+expression+" FROM "+table+" WHERE "+where+"("+find.text+")", find.args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[string]int{}
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		if n.named(text) {
			out[text]++
		}
	}
	return out, rows.Err()
}

// verifyLake looks for addresses in the lake's tables that the person was in:
// where they are known, in the rows of the records that held them.
func (s *Service) verifyLake(ctx context.Context, l look, w *work, n *needles) error {
	l = l.former(n)
	list, err := l.holders(ctx, n.emails, n.marks())
	if err != nil {
		return err
	}
	held := refs(list)
	for table, keys := range byTable(w.Subject.touched()) {
		var among []id.ID
		if t, _ := s.tableOf(table); t != nil && l.indexed(t) {
			among = slices.Concat(keys, held[table])
		}
		for _, layer := range []string{"changes/", "current/"} {
			found, err := s.o.Lake.Holding(ctx, layer+table, among, n.his)
			if err != nil {
				return err
			}
			if found {
				w.Report.add("verify", layer+table, "remains", "rows here still name the person: those of records that are kept", 1)
			}
		}
	}
	return nil
}

// forget drops from the state what the person is known by: the last look at the
// files must not find what the erasure itself keeps.
func (s *Service) forget(ctx context.Context, request id.ID, w *work) error {
	w.Who = Who{Table: w.Who.Table, ID: w.Who.ID}
	w.Subject = &Subject{Persons: w.Subject.Persons}
	if err := s.o.DB.Write(ctx, func(tx *sqldb.Tx) error { return s.save(tx, request, w) }); err != nil {
		return err
	}
	if s.o.DB.Dialect() == sqldb.SQLite {
		if _, err := s.o.DB.Scrub(ctx, 0, nil); err != nil {
			s.o.Logger.Warn("the write-ahead log can't be emptied now", "error", err)
		}
	}
	return nil
}

// verifyRecords tells of rows that still have an address of his, because they
// are kept or refused the change, and of rows that bear his name, which may be
// another's of the same name.
// Where addresses are known, names are asked of the search index: they are
// found in the columns that are searched then.
func (s *Service) verifyRecords(ctx context.Context, l look, w *work, n *needles, still map[Ref]bool) error {
	l = l.can(n.emails)
	whole := slices.DeleteFunc(slices.Clone(n.names), func(v string) bool { return !strings.Contains(v, " ") })
	texts := slices.Concat(n.emails, whole)
	list, err := l.holders(ctx, n.emails, nil)
	if err != nil {
		return err
	}
	held := refs(list)
	if l.book != nil && s.o.Index != nil {
		for _, name := range whole {
			named, err := s.o.Index.Naming(ctx, name, namesMost)
			if err != nil {
				return err
			}
			for table, keys := range named {
				held[table] = append(held[table], keys...)
			}
		}
	}
	for _, name := range s.o.Catalog().Names() {
		t, _ := s.o.Catalog().Table(name)
		if !scanned(t) {
			continue
		}
		within := l.within(t, held)
		within.keys = unique(within.keys)
		err := s.scan(ctx, t, within, texts, func(key id.ID, text string) {
			if n.his(text) {
				still[Ref{Table: name, ID: key}] = true
				w.Report.add("verify", name, "remains", "the record is kept, or has come since", 1, key)
				return
			}
			if !hasAny(strings.ToLower(text), whole) {
				return // it holds a longer address
			}
			w.Report.add("names", name, "remains", "the record bears the person's name; it may be somebody else of that name: look by hand", 1, key)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// namesMost is how many records that bear a name are told of.
const namesMost = 1000

func unique(keys []id.ID) []id.ID {
	seen := map[id.ID]bool{}
	return slices.DeleteFunc(slices.Clone(keys), func(k id.ID) bool {
		twice := seen[k]
		seen[k] = true
		return twice
	})
}

// Bounds of looking through the data folder.
const folderMost = 2 << 30 // bytes read

// verifyFolder looks through the files of the data folder for addresses and
// numbers as they stand there: logs of the stream, uploads. The files of the
// database are SQLite's alone (sqldb.DB.Files); its tables have been looked through.
func (s *Service) verifyFolder(ctx context.Context, request id.ID, w *work, n *needles) error {
	if len(n.emails)+len(n.phones)+len(n.names) == 0 {
		w.Report.add("folder", "", "remains", "the process was stopped during the last look: the files were not looked through to the end", 1)
	}
	if err := s.forget(ctx, request, w); err != nil || s.o.Data == "" {
		return err
	}
	var look [][]byte
	for _, v := range slices.Concat(n.emails, n.phones) {
		look = append(look, []byte(v))
	}
	var skip []os.FileInfo
	for _, name := range s.o.DB.Files() {
		if info, err := os.Stat(name); err == nil {
			skip = append(skip, info)
		}
	}
	left := int64(folderMost)
	passed := 0
	err := filepath.WalkDir(s.o.Data, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return nil // files come and go
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() || slices.ContainsFunc(skip, func(of os.FileInfo) bool { return os.SameFile(of, info) }) {
			return nil
		}
		if left -= info.Size(); left < 0 {
			passed++
			return nil
		}
		found, err := quotes(path, look, len(n.emails))
		if err != nil || !found {
			return nil
		}
		name, err := filepath.Rel(s.o.Data, path)
		if err == nil {
			w.Report.add("folder", filepath.ToSlash(name), "remains", "the file holds an address or number of the person", 1)
		}
		return nil
	})
	if passed > 0 {
		w.Report.add("folder", "", "remains", "files that were not looked through, as the folder is larger than 2 GiB", passed)
	}
	return err
}

// quotes tells whether a file holds one of the texts, in small letters or as they
// are; the first ones are addresses, which count as a whole only.
func quotes(path string, look [][]byte, addresses int) (bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	longest := 0
	for _, v := range look {
		longest = max(longest, len(v))
	}
	if longest == 0 {
		return false, nil
	}
	// A part is looked at with some of what stands before and behind it.
	const around = 300
	buffer := make([]byte, 1<<20)
	kept, before := 0, 0
	for {
		n, err := io.ReadFull(f, buffer[kept:])
		end := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !end {
			return false, err
		}
		chunk := buffer[:kept+n]
		small := string(asciiLower(chunk))
		found := false
		for i, v := range look {
			if i >= addresses {
				found = found || strings.Contains(small, string(v))
				continue
			}
			eachWhole(small, string(v), func(from int) bool {
				found = from >= before && (end || from+len(v)+around <= len(small))
				return !found
			})
			if found {
				break
			}
		}
		if found || end {
			return found, nil
		}
		// What begins in the rest of this part is looked at with the next.
		rest := max(0, len(chunk)-longest-2*around)
		kept, before = copy(buffer, chunk[rest:]), around
	}
}

// asciiLower gives bytes with small letters for capitals; others stay.
func asciiLower(b []byte) []byte {
	out := make([]byte, len(b))
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		out[i] = c
	}
	return out
}
