package httpapi

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/files"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/odata"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Files keeps the content of file and image columns.
type Files interface {
	Stage(ctx context.Context, table, column, name string, body io.Reader) (files.Info, error)
	Put(ctx context.Context, table string, key id.ID, column, name string, body io.Reader) (files.Info, error)
	Begin(ctx context.Context, table string, key id.ID, column, name string) (id.ID, error)
	Chunk(ctx context.Context, table string, key id.ID, column string, token id.ID, from, to, total int64, body io.Reader) (finished bool, err error)
	Info(ctx context.Context, table string, key id.ID, column string) (files.Info, error)
	Open(ctx context.Context, in files.Info) (io.ReadSeekCloser, error)
	OpenThumb(ctx context.Context, in files.Info) (io.ReadSeekCloser, error)
	Base64(ctx context.Context, file id.ID, thumb bool) (string, error)
	Remove(ctx context.Context, table string, key id.ID, column string) error
}

// uploadTime is how long one request may bring content.
const uploadTime = 30 * time.Minute

// isFile tells whether the path leads to the content of a file or picture.
func (q *request) isFile() bool {
	return q.path.Property != nil && q.path.Property.IsFile() && (q.path.Kind == odata.Property || q.path.Kind == odata.RawValue)
}

func fileHandlers() map[string]handler {
	return map[string]handler{http.MethodGet: (*request).download, http.MethodPut: (*request).upload, http.MethodPatch: (*request).upload, http.MethodDelete: (*request).removeFile}
}

func (q *request) files() (Files, error) {
	if q.api.Files == nil {
		return nil, errs.New(errs.Unsupported, "odata.files", "the content of files can't be reached here; ask outside of a change set")
	}
	return q.api.Files, nil
}

// download answers GET of the content, whole or by ranges. Of a picture it is
// the small form, unless size=full asks for all of it.
func (q *request) download() error {
	store, err := q.files()
	if err != nil {
		return err
	}
	key, err := q.rowID(q.api.Records, q.path.Table, *q.path.Key)
	if err != nil {
		return err
	}
	in, err := store.Info(q.ctx, q.path.Table.Name, key, q.path.Property.Name)
	if errs.CodeOf(err) == files.ErrNoFile.Code {
		return q.noContent()
	}
	if err != nil {
		return err
	}
	open, mediaType, tag := store.Open, in.MediaType, in.SHA256
	if q.path.Property.TypeName == "image" && q.r.URL.Query().Get("size") != "full" {
		open, mediaType, tag = store.OpenThumb, "image/png", in.SHA256+"-small"
	}
	content, err := open(q.ctx, in)
	if err != nil {
		return err
	}
	defer content.Close()
	h := q.w.Header()
	disposition, policy := "attachment", "sandbox; default-src 'none'" // whatever it is, it runs nothing here
	if mediaType == "application/pdf" && q.r.URL.Query().Get("view") == "inline" {
		// Browsers show a PDF in a process of its own, which a sandbox would keep from them.
		disposition, policy = "inline", "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'"
	}
	h.Set("Content-Disposition", mime.FormatMediaType(disposition, map[string]string{"filename": in.Name}))
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	exact(h, "x-ms-file-name", url.PathEscape(in.Name))
	exact(h, "x-ms-file-size", strconv.FormatInt(in.Size, 10))
	h.Set("ETag", `"`+tag+`"`)
	if q.path.Kind == odata.Property {
		return q.encoded(content)
	}
	h.Set("Content-Type", mediaType)
	http.ServeContent(q.w, q.r, "", in.CreatedOn, content)
	return nil
}

// encodedMax is how much content one answer holds as text.
const encodedMax = 16 << 20

// encoded answers with the content, or one range of it, as base64 in JSON: the
// property itself, as Dataverse gives it where $value is not asked for.
func (q *request) encoded(content io.ReadSeeker) error {
	size, err := content.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	from, to, status := int64(0), size-1, http.StatusOK
	if asked, ok := strings.CutPrefix(q.r.Header.Get("Range"), "bytes="); ok {
		first, last, _ := strings.Cut(asked, "-")
		a, errA := strconv.ParseInt(first, 10, 64)
		b, errB := strconv.ParseInt(last, 10, 64)
		if last == "" {
			b, errB = size-1, nil
		}
		if errA != nil || errB != nil || a < 0 || b < a || a >= size && size > 0 {
			exact(q.w.Header(), "Content-Range", "bytes */"+strconv.FormatInt(size, 10))
			return errs.New(errs.Invalid, "odata.range", "the range must be bytes=first-last within the file's %d bytes", size)
		}
		from, to, status = a, min(b, size-1), http.StatusPartialContent
		exact(q.w.Header(), "Content-Range", "bytes "+strconv.FormatInt(from, 10)+"-"+strconv.FormatInt(to, 10)+"/"+strconv.FormatInt(size, 10))
	}
	if to-from >= encodedMax {
		return errs.New(errs.TooLarge, "odata.file_text", "content over %d bytes is read by ranges, or as it is from /$value", encodedMax)
	}
	if _, err := content.Seek(from, io.SeekStart); err != nil {
		return err
	}
	data, err := io.ReadAll(io.LimitReader(content, to-from+1))
	if err != nil {
		return err
	}
	q.w.Header().Set("Content-Type", jsonType)
	q.w.WriteHeader(status)
	return json.NewEncoder(q.w).Encode(map[string]any{"@odata.context": q.base + "$metadata#" + q.path.Table.Set + "/" + q.path.Property.Name, "value": data})
}

// upload answers PUT and PATCH of the content: in one request, or in chunks, as
// Dataverse's clients send large files.
func (q *request) upload() error {
	store, err := q.files()
	if err != nil {
		return err
	}
	key, err := q.rowID(q.api.Records, q.path.Table, *q.path.Key)
	if err != nil {
		return err
	}
	// Large content takes longer than a request usually may.
	_ = http.NewResponseController(q.w).SetReadDeadline(time.Now().Add(uploadTime)) // not every transport knows deadlines
	table, column := q.path.Table.Name, q.path.Property.Name
	if token := q.r.URL.Query().Get("sessiontoken"); token != "" {
		return q.chunk(store, key, token)
	}
	name, err := q.fileName()
	if err != nil {
		return err
	}
	if strings.EqualFold(q.r.Header.Get("x-ms-transfer-mode"), "chunked") {
		token, err := store.Begin(q.ctx, table, key, column, name)
		if err != nil {
			return err
		}
		h := q.w.Header()
		h.Set("Location", q.address(q.path.Table, key)+"/"+column+"?sessiontoken="+token.String())
		h.Set("Accept-Ranges", "bytes")
		exact(h, "x-ms-chunk-size", strconv.Itoa(files.ChunkSize))
		q.w.WriteHeader(http.StatusOK)
		return nil
	}
	if _, err := store.Put(q.ctx, table, key, column, name, q.r.Body); err != nil {
		return err
	}
	return q.noContent()
}

func (q *request) chunk(store Files, key id.ID, token string) error {
	session, err := id.Parse(token)
	from, to, total, ok := contentRange(q.r.Header.Get("Content-Range"))
	if err != nil || !ok {
		return errs.New(errs.Invalid, "files.range", "a chunk needs its session token, and a Content-Range such as bytes 0-4194303/8388608")
	}
	finished, err := store.Chunk(q.ctx, q.path.Table.Name, key, q.path.Property.Name, session, from, to, total, q.r.Body)
	if err != nil {
		return err
	}
	if !finished {
		q.w.WriteHeader(http.StatusPartialContent)
		return nil
	}
	return q.noContent()
}

// contentRange reads "bytes 0-99/1000".
func contentRange(s string) (from, to, total int64, ok bool) {
	rest, unit := strings.CutPrefix(strings.TrimSpace(s), "bytes ")
	span, size, slash := strings.Cut(rest, "/")
	first, last, dash := strings.Cut(span, "-")
	var bad [3]error
	from, bad[0] = strconv.ParseInt(first, 10, 64)
	to, bad[1] = strconv.ParseInt(last, 10, 64)
	total, bad[2] = strconv.ParseInt(size, 10, 64)
	return from, to, total, unit && slash && dash && bad == [3]error{}
}

// fileName gives the name that the client sends, as it is or escaped.
func (q *request) fileName() (string, error) {
	name := q.r.Header.Get("x-ms-file-name")
	if name == "" {
		name = q.r.URL.Query().Get("x-ms-file-name")
	}
	if plain, err := url.PathUnescape(name); err == nil {
		name = plain
	}
	if name == "" && q.path.Property.TypeName != "image" {
		return "", errs.New(errs.Invalid, "files.name", "the header x-ms-file-name must give the file's name")
	}
	return name, nil
}

// removeFile answers DELETE of the content.
func (q *request) removeFile() error {
	store, err := q.files()
	if err != nil {
		return err
	}
	key, err := q.rowID(q.api.Records, q.path.Table, *q.path.Key)
	if err != nil {
		return err
	}
	if err := store.Remove(q.ctx, q.path.Table.Name, key, q.path.Property.Name); err != nil && errs.CodeOf(err) != files.ErrNoFile.Code {
		return err
	}
	return q.noContent()
}

// stage takes the content that comes as base64 within a record into the store,
// before the transaction that writes the record.
func (q *request) stage(b *odata.Body) error {
	for _, c := range b.Table.Columns {
		content, ok := b.Row[c.Name].(metadata.Content)
		if !ok {
			continue
		}
		in, err := q.stageOne(b, c, content)
		if err != nil {
			return err
		}
		b.Row[c.Name] = in.ID
	}
	for _, d := range b.Deep {
		for _, child := range d.New {
			if err := q.stage(child); err != nil {
				return err
			}
		}
	}
	return nil
}

func (q *request) stageOne(b *odata.Body, c *metadata.Column, content metadata.Content) (files.Info, error) {
	store, err := q.files()
	if err != nil {
		return files.Info{}, err
	}
	name, _ := b.Row["filename"].(string)
	if name == "" {
		name = c.Name
	}
	in, err := store.Stage(q.ctx, b.Table.Name, c.Name, name, base64.NewDecoder(base64.StdEncoding, strings.NewReader(string(content))))
	if _, corrupt := err.(base64.CorruptInputError); corrupt {
		err = errs.InvalidFields("record.invalid", "some values can't be taken", []errs.Field{{Name: c.Name, Code: "base64", Message: "the content must be base64"}})
	}
	return in, err
}

// content gives what file columns show within a row.
func (q *request) content(row record.Row, c *metadata.Column) (string, error) {
	store, err := q.files()
	if err != nil {
		return "", err
	}
	return store.Base64(q.ctx, row.ID(c.Name), c.TypeName == "image")
}
