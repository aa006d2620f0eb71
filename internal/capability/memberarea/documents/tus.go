package documents

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"

	"github.com/tus/tusd/v2/pkg/handler"
	"golang.org/x/exp/slog"

	"github.com/rapport-platform/rapport/internal/capability/memberarea"
	"github.com/rapport-platform/rapport/internal/commons/document"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
)

// tus serves resumable uploads. The protocol is the library's; what it keeps is
// kept by package document, in the name of the member in the context.
func (s *Section) tus(w http.ResponseWriter, req *http.Request, r memberarea.Record) error {
	answer := &tusAnswer{ResponseWriter: w}
	store := &tusStore{documents: s.documents, lang: r.Lang, header: w.Header()}
	parts := handler.NewStoreComposer()
	parts.UseCore(store)
	parts.UseTerminater(store)
	parts.UseLocker(s.locks)
	h, err := handler.NewUnroutedHandler(handler.Config{StoreComposer: parts, BasePath: r.Path("upload") + "/", MaxSize: 20 << 20, DisableDownload: true, Cors: &handler.CorsConfig{Disable: true}, Logger: slog.New(silent{})})
	if err != nil {
		return err
	}
	method := req.Method // which the library lets a header change; the form's token was asked of this one
	http.StripPrefix(r.Path("upload"), h.Middleware(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		root := req.URL.Path == "" || req.URL.Path == "/"
		switch {
		case req.Method == http.MethodPost && root:
			h.PostFile(w, req)
		case req.Method == http.MethodHead && !root && method == http.MethodHead:
			h.HeadFile(w, req)
		case req.Method == http.MethodPatch && !root:
			h.PatchFile(w, req)
		case req.Method == http.MethodDelete && !root:
			h.DelFile(w, req)
		default:
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		}
	}))).ServeHTTP(answer, req)
	return nil
}

// tusAnswer keeps addresses within the site, whatever name it is called by, and
// says that uploads expire.
type tusAnswer struct{ http.ResponseWriter }

func (a *tusAnswer) WriteHeader(status int) {
	h := a.Header()
	if u, err := url.Parse(h.Get("Location")); err == nil && u.Path != "" {
		h.Set("Location", u.EscapedPath())
	}
	if list := h.Get("Tus-Extension"); list != "" {
		h.Set("Tus-Extension", list+",expiration")
	}
	h.Set("Cache-Control", "no-store")
	a.ResponseWriter.WriteHeader(status)
}

// Unwrap lets deadlines be set.
func (a *tusAnswer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

type tusStore struct {
	documents Documents
	lang      string
	header    http.Header
}

type tusUpload struct {
	store  *tusStore
	upload document.Upload
}

// told makes an error one that the library hands on in the member's words.
func (s *tusStore) told(err error) error {
	var e *errs.Error
	if err == nil || !errors.As(err, &e) {
		return err
	}
	status := map[errs.Kind]int{errs.Invalid: 400, errs.Unauthenticated: 401, errs.Forbidden: 403, errs.NotFound: 404, errs.Conflict: 409, errs.TooLarge: 413, errs.TooMany: 429, errs.Unavailable: 503}[e.Kind]
	if status == 0 {
		return err
	}
	text := document.Words(err, s.lang)
	if text == "" {
		text = e.Message
	}
	return handler.NewError(e.Code, text, status)
}

func (s *tusStore) found(u document.Upload, err error) (handler.Upload, error) {
	if err != nil {
		if errs.Has(err, errs.NotFound) {
			return nil, handler.ErrNotFound
		}
		return nil, s.told(err)
	}
	s.header.Set("Upload-Expires", u.Expires.UTC().Format(http.TimeFormat))
	return &tusUpload{s, u}, nil
}

// NewUpload opens an upload.
func (s *tusStore) NewUpload(ctx context.Context, info handler.FileInfo) (handler.Upload, error) {
	request, err := id.Parse(info.MetaData["request"])
	if err != nil {
		return nil, s.told(document.ErrNone)
	}
	u, err := s.documents.Begin(ctx, request, info.MetaData["filename"], info.Size)
	if err != nil {
		return nil, s.told(err)
	}
	return s.found(u, nil)
}

// GetUpload finds one.
func (s *tusStore) GetUpload(ctx context.Context, key string) (handler.Upload, error) {
	upload, err := id.Parse(key)
	if err != nil {
		return nil, handler.ErrNotFound
	}
	return s.found(s.documents.Upload(ctx, upload))
}

// AsTerminatableUpload lets it be given up.
func (s *tusStore) AsTerminatableUpload(u handler.Upload) handler.TerminatableUpload {
	t, _ := u.(*tusUpload)
	return t
}

func (u *tusUpload) GetInfo(context.Context) (handler.FileInfo, error) {
	return handler.FileInfo{ID: u.upload.ID.String(), Size: u.upload.Size, Offset: u.upload.Offset, MetaData: handler.MetaData{"filename": u.upload.Name, "request": u.upload.Request.String()}}, nil
}

func (u *tusUpload) WriteChunk(ctx context.Context, at int64, body io.Reader) (int64, error) {
	n, err := u.store.documents.Append(ctx, u.upload, at, body)
	u.upload.Offset = at + n
	return n, u.store.told(err)
}

func (u *tusUpload) FinishUpload(ctx context.Context) error {
	return u.store.told(u.store.documents.Finish(ctx, u.upload))
}

func (u *tusUpload) Terminate(ctx context.Context) error {
	return u.store.told(u.store.documents.Abandon(ctx, u.upload))
}

func (u *tusUpload) GetReader(context.Context) (io.ReadCloser, error) {
	return nil, handler.ErrNotFound
}

// silent is the library's log: requests are logged by the server.
type silent struct{}

func (silent) Enabled(context.Context, slog.Level) bool  { return false }
func (silent) Handle(context.Context, slog.Record) error { return nil }
func (s silent) WithAttrs([]slog.Attr) slog.Handler      { return s }
func (s silent) WithGroup(string) slog.Handler           { return s }
