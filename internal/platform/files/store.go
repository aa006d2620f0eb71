package files

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"gocloud.dev/blob"
	"gocloud.dev/blob/fileblob"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/diskfile"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/secret"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Options are what a store needs.
type Options struct {
	DB      *sqldb.DB
	Bucket  *blob.Bucket
	Records *record.Store
	Catalog func() *metadata.Catalog
	Clock   clock.Clock
	Keys    *secret.Box // content is sealed under them; nil keeps it open
	Scanner Scanner     // looks for viruses; nil looks for none
	Jobs    *job.Queue  // needed with a Scanner
}

// Store keeps content.
type Store struct {
	o       Options
	scanned []func(ctx context.Context, tx *sqldb.Tx, in Info) error
}

// New makes a store.
func New(o Options) *Store { return &Store{o: o} }

// OpenFolder gives the bucket of a folder, which is made if it is missing.
func OpenFolder(dir string) (*blob.Bucket, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, errs.Wrap(err, errs.Invalid, "files.folder", "the folder of the files can't be made")
	}
	b, err := fileblob.OpenBucket(dir, &fileblob.Options{NoTempDir: true, Metadata: fileblob.MetadataDontWrite})
	if err != nil {
		return nil, errs.Wrap(err, errs.Invalid, "files.folder", "the folder of the files can't be used")
	}
	return b, nil
}

// Info describes content.
type Info struct {
	ID        id.ID
	Table     string
	Record    id.ID // id.Nil until a row has taken it up
	Column    string
	Name      string
	MediaType string
	Size      int64
	SHA256    string
	There     bool // all of it has come in
	CreatedOn time.Time
	CreatedBy id.ID
	KeyID     string // of the key under which it is sealed; "" lies open
	Scan      Scan
}

func contentName(key id.ID) string { return "c/" + key.String() }
func thumbName(key id.ID) string   { return "t/" + key.String() }
func chunkPrefix(key id.ID) string { return "u/" + key.String() + "/" }

// column finds a file or image column.
func (s *Store) column(table, name string) (*metadata.Column, error) {
	t, ok := s.o.Catalog().Table(table)
	if !ok {
		return nil, errs.New(errs.NotFound, "files.table", "there is no table %s", table)
	}
	c, ok := t.Column(name)
	if !ok || !c.IsFile() {
		return nil, errs.New(errs.Invalid, "files.column", "%s of %s holds no files", name, table)
	}
	return c, nil
}

// Stage takes content in. It must then be put into a row by whoever staged it.
func (s *Store) Stage(ctx context.Context, table, column, name string, body io.Reader) (Info, error) {
	c, err := s.column(table, column)
	if err != nil {
		return Info{}, err
	}
	in := Info{ID: id.New(), Table: table, Column: column, Name: fileName(name), There: true, CreatedOn: s.o.Clock.Now(), CreatedBy: access.From(ctx).ID}
	if err := s.keep(ctx, c, &in, body); err != nil {
		return Info{}, err
	}
	return in, s.o.DB.Write(ctx, func(tx *sqldb.Tx) error { return s.insertWhole(tx, in) })
}

// insertWhole notes content that has come in, which may have to wait for its scan.
func (s *Store) insertWhole(tx *sqldb.Tx, in Info) error {
	if err := insert(tx, in); err != nil || in.Scan != Waiting {
		return err
	}
	_, err := s.o.Jobs.Enqueue(tx, job.Spec{Kind: ScanKind, Key: in.ID.String(), Payload: in.ID})
	return err
}

// keep streams content into the bucket and fills in what is learnt on the way.
func (s *Store) keep(ctx context.Context, c *metadata.Column, in *Info, body io.Reader) error {
	head := make([]byte, sniffed)
	n, err := io.ReadFull(body, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	head = head[:n]
	if in.MediaType, err = mediaType(c, in.Name, head); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // before Close, it drops what has been written
	w, keyID, err := s.writer(ctx, contentName(in.ID))
	if err != nil {
		return err
	}
	if in.KeyID = keyID; s.o.Scanner != nil && c.TypeName == "file" {
		in.Scan = Waiting
	}
	sum := sha256.New()
	limited := io.LimitReader(io.MultiReader(strings.NewReader(string(head)), body), c.MaxBytes()+1)
	in.Size, err = io.Copy(io.MultiWriter(w, sum), limited)
	if err == nil && in.Size > c.MaxBytes() {
		err = tooLarge(c)
	}
	if err != nil {
		cancel()
		_ = w.Close() // it fails, as the context has ended, and leaves nothing
		return diskfile.Full(err)
	}
	if err := w.Close(); err != nil {
		return broken(err)
	}
	in.SHA256 = hex.EncodeToString(sum.Sum(nil))
	if c.TypeName == "image" {
		if err := s.makeThumb(ctx, in.ID); err != nil {
			_ = s.o.Bucket.Delete(ctx, contentName(in.ID)) // else it is collected later
			return err
		}
	}
	return nil
}

func tooLarge(c *metadata.Column) error {
	return errs.New(errs.TooLarge, "files.too_large", "%s takes files of up to %d KiB", c.Name, c.MaxBytes()>>10)
}

func broken(err error) error {
	if full := diskfile.Full(err); full != err {
		return full
	}
	return errs.Wrap(err, errs.Unavailable, "files.store", "the file store can't be used now")
}

// fileName keeps the last part of a name, without what could do harm in a header or a path.
func fileName(name string) string {
	name = path.Base(strings.ReplaceAll(name, `\`, "/"))
	name = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == utf8.RuneError || strings.ContainsRune(`"<>|:*?/`, r) || unicode.Is(unicode.Cf, r) { // what can't be seen may turn the ending round
			return '_'
		}
		return r
	}, name)
	if name == "." || name == "" {
		name = "file"
	}
	for utf8.RuneCountInString(name) > 255 {
		name = name[1:]
	}
	return strings.ToValidUTF8(name, "_")
}

const columns = "fileid, tablename, recordid, columnname, filename, mimetype, size, sha256, complete, createdon, createdby, keyid, scan"

var kinds = []query.Kind{query.ID, query.Text, query.ID, query.Text, query.Text, query.Text, query.Int, query.Text, query.Bool, query.Time, query.ID, query.Text, query.Int}

func insert(tx *sqldb.Tx, in Info) error {
	var rec any
	if in.Record != id.Nil {
		rec = in.Record
	}
	args, marks := make([]any, len(kinds)), make([]string, len(kinds))
	for i, v := range []any{in.ID, in.Table, rec, in.Column, in.Name, in.MediaType, in.Size, in.SHA256, in.There, in.CreatedOn, in.CreatedBy, in.KeyID, int64(in.Scan)} {
		var err error
		if args[i], err = query.Encode(tx.Dialect(), kinds[i], v); err != nil {
			return err
		}
		marks[i] = tx.Dialect().Placeholder(i + 1)
	}
	_, err := tx.Exec("INSERT INTO filecontent ("+columns+") VALUES ("+strings.Join(marks, ", ")+")", args...)
	return err
}

type rower interface {
	Next() bool
	Scan(dest ...any) error
	Err() error
	Close() error
}

func scan(d sqldb.Dialect, rows rower) ([]Info, error) {
	defer rows.Close()
	var out []Info
	for rows.Next() {
		raw, into := make([]any, len(kinds)), make([]any, len(kinds))
		for i := range raw {
			into[i] = &raw[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		for i, k := range kinds {
			v, err := query.Decode(d, k, 0, raw[i])
			if err != nil {
				return nil, err
			}
			raw[i] = v
		}
		var in Info
		in.ID, _ = raw[0].(id.ID)
		in.Table, _ = raw[1].(string)
		in.Record, _ = raw[2].(id.ID)
		in.Column, _ = raw[3].(string)
		in.Name, _ = raw[4].(string)
		in.MediaType, _ = raw[5].(string)
		in.Size, _ = raw[6].(int64)
		in.SHA256, _ = raw[7].(string)
		in.There, _ = raw[8].(bool)
		in.CreatedOn, _ = raw[9].(time.Time)
		in.CreatedBy, _ = raw[10].(id.ID)
		in.KeyID, _ = raw[11].(string)
		scanned, _ := raw[12].(int64)
		in.Scan = Scan(scanned)
		out = append(out, in)
	}
	return out, rows.Err()
}

func byID(d sqldb.Dialect, key id.ID) (string, any, error) {
	enc, err := query.Encode(d, query.ID, key)
	return "SELECT " + columns + " FROM filecontent WHERE fileid = " + d.Placeholder(1), enc, err
}
