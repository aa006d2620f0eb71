package httpapi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/odata"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

const maxBatch = 1000 // operations

// batch answers POST /$batch: the operations one after another, those of a
// change set in one transaction. The first failure ends the batch, unless the
// client prefers to go on.
func (q *request) batch() error {
	items, err := q.readBatch()
	if err != nil {
		return err
	}
	goOn := q.prefers("odata.continue-on-error")
	var out bytes.Buffer
	w := multipart.NewWriter(&out)
	if err := w.SetBoundary("batchresponse_" + id.New().String()); err != nil {
		return err
	}
	status := http.StatusOK
	for _, item := range items {
		var failed int
		if item.set != nil {
			failed, err = q.changeSet(w, item.set)
		} else {
			failed, err = q.single(w, item.op)
		}
		if err != nil {
			return err
		}
		if failed != 0 && !goOn {
			status = failed
			break
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	q.w.Header().Set("Content-Type", "multipart/mixed; boundary="+w.Boundary())
	q.w.WriteHeader(status)
	_, _ = out.WriteTo(q.w) // when the client has gone nobody is left to tell
	return nil
}

// prefers tells whether a preference without a value is asked for.
func (q *request) prefers(name string) bool {
	for _, h := range q.r.Header.Values("Prefer") {
		for _, item := range splitPrefer(h) {
			if strings.EqualFold(strings.TrimSpace(item), name) {
				return true
			}
		}
	}
	return false
}

// single runs one operation; failed is its status if it is an error's.
func (q *request) single(w *multipart.Writer, op *batchOp) (failed int, err error) {
	res, opErr := q.run(q.ctx, q.api, op, nil)
	if opErr != nil {
		failed = res.status
	}
	return failed, res.write(w, op.contentID)
}

// errReported ends a change set's transaction.
type errReported struct {
	cause  error
	answer *recorded
	id     string
}

func (e *errReported) Error() string { return e.cause.Error() }
func (e *errReported) Unwrap() error { return e.cause }

// changeSet runs operations in one transaction: all of them hold, or none. A
// failure is answered once, in place of all answers.
func (q *request) changeSet(w *multipart.Writer, ops []*batchOp) (failed int, err error) {
	var answers []*recorded
	err = q.api.Records.Write(q.ctx, func(tx *record.Tx) error {
		answers = answers[:0] // the transaction may run again
		within := q.api.within(tx)
		addresses := map[string]string{}
		for _, op := range ops {
			res, err := q.run(q.ctx, within, op, addresses)
			if err != nil {
				// The cause stays visible, as it decides whether to run again.
				return &errReported{cause: err, answer: res, id: op.contentID}
			}
			answers = append(answers, res)
			if op.contentID != "" && res.entity != "" {
				addresses[op.contentID] = res.entity
			}
		}
		return nil
	})
	if reported, ok := errors.AsType[*errReported](err); ok {
		return reported.answer.status, reported.answer.write(w, reported.id)
	}
	if err != nil { // committing failed
		res := newRecorded()
		WriteError(res, q.r, err)
		return res.status, res.write(w, "")
	}
	return 0, writeChangeSet(w, ops, answers)
}

func writeChangeSet(w *multipart.Writer, ops []*batchOp, answers []*recorded) error {
	var buf bytes.Buffer
	inner := multipart.NewWriter(&buf)
	if err := inner.SetBoundary("changesetresponse_" + id.New().String()); err != nil {
		return err
	}
	for i, res := range answers {
		if err := res.write(inner, ops[i].contentID); err != nil {
			return err
		}
	}
	if err := inner.Close(); err != nil {
		return err
	}
	part, err := w.CreatePart(map[string][]string{"Content-Type": {"multipart/mixed; boundary=" + inner.Boundary()}})
	if err != nil {
		return err
	}
	_, err = buf.WriteTo(part)
	return err
}

// run answers one operation as if it had come alone. Addresses holds what
// earlier operations of the change set have made, by content id.
func (q *request) run(ctx context.Context, api *ODataAPI, op *batchOp, addresses map[string]string) (*recorded, error) {
	res := newRecorded()
	err := func() error {
		ctx, err := api.caller(ctx, op.header)
		if err != nil {
			return err
		}
		target, err := refer(op.target, addresses)
		if err != nil {
			return err
		}
		r, err := http.NewRequestWithContext(ctx, op.method, "/", bytes.NewReader(op.body))
		if err != nil {
			return errs.Wrap(err, errs.Invalid, "odata.batch", "an operation of the batch has no proper method")
		}
		r.Header = op.header
		path, rawQuery, _ := strings.Cut(target, "?")
		r.URL.RawQuery = rawQuery
		sub := &request{api: api, w: res, r: r, ctx: ctx, catalog: q.catalog, prefer: parsePrefer(op.header.Values("Prefer")), base: q.base, rest: path, addresses: addresses}
		if sub.params, err = odata.Params(rawQuery); err != nil {
			return err
		}
		r.Host, r.TLS = q.r.Host, q.r.TLS
		if proto := q.r.Header.Get("X-Forwarded-Proto"); proto != "" {
			r.Header.Set("X-Forwarded-Proto", proto)
		}
		_, version, _ := strings.Cut(q.base, odataRoot)
		if done, err := api.describedByOthers(res, r, strings.TrimSuffix(version, "/"), path, sub.params); done {
			return err
		}
		if sub.path, err = odata.ParsePath(q.catalog, path); err != nil {
			return err
		}
		switch {
		case sub.path.Kind == odata.Batch:
			return errs.New(errs.Invalid, "odata.batch", "a batch can't hold a batch")
		case addresses != nil && op.method == http.MethodGet:
			return errs.New(errs.Invalid, "odata.batch", "a change set can't hold a GET")
		}
		return sub.route()
	}()
	if err != nil {
		WriteError(res, q.r, err)
	}
	for _, address := range append(res.header["OData-EntityId"], res.header["Location"]...) {
		if entity, ok := strings.CutPrefix(address, q.base); ok {
			res.entity = entity
			break
		}
	}
	return res, err
}

// within gives the same API with everything in one transaction.
func (a *ODataAPI) within(tx *record.Tx) *ODataAPI {
	return &ODataAPI{Records: inTx{tx}, tx: tx, Actions: a.Actions, Callers: a.Callers, Search: a.Search, Definitions: a.Definitions, Principals: a.Principals, Catalog: a.Catalog, Clock: a.Clock, Organization: a.Organization, BaseURL: a.BaseURL}
}

// inTx is Records in a transaction that is running already.
type inTx struct{ *record.Tx }

// Write implements Records.
func (t inTx) Write(_ context.Context, fn func(*record.Tx) error) error { return fn(t.Tx) }

// recorded is the answer to one operation.
type recorded struct {
	status int
	header http.Header
	body   bytes.Buffer
	entity string // address of what was written, below the service root
}

func newRecorded() *recorded { return &recorded{status: http.StatusOK, header: http.Header{}} }

// Header implements http.ResponseWriter.
func (r *recorded) Header() http.Header { return r.header }

// WriteHeader implements http.ResponseWriter.
func (r *recorded) WriteHeader(status int) { r.status = status }

// Write implements http.ResponseWriter.
func (r *recorded) Write(p []byte) (int, error) { return r.body.Write(p) }

// write puts the answer into a multipart body.
func (r *recorded) write(w *multipart.Writer, contentID string) error {
	header := map[string][]string{"Content-Type": {"application/http"}, "Content-Transfer-Encoding": {"binary"}}
	if contentID != "" {
		header["Content-ID"] = []string{contentID}
	}
	part, err := w.CreatePart(header)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(part, "HTTP/1.1 %d %s\r\n", r.status, http.StatusText(r.status)); err != nil {
		return err
	}
	exact(r.header, "OData-Version", "4.0")
	if err := r.header.Write(part); err != nil {
		return err
	}
	if _, err := io.WriteString(part, "\r\n"); err != nil {
		return err
	}
	_, err = r.body.WriteTo(part)
	return err
}

// boundaryOf gives the boundary of a multipart/mixed content type.
func boundaryOf(contentType string) (string, bool) {
	kind, params, err := mime.ParseMediaType(contentType)
	return params["boundary"], err == nil && kind == "multipart/mixed" && params["boundary"] != ""
}
