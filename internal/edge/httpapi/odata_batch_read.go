package httpapi

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// batchItem is one operation, or a change set of several.
type batchItem struct {
	op  *batchOp
	set []*batchOp
}

// batchOp is one request inside a batch.
type batchOp struct {
	method    string
	target    string // below the service root, with its query, escaped; "$1/…" refers to a content id
	header    http.Header
	body      []byte
	contentID string
}

func badBatch(format string, args ...any) error {
	return errs.New(errs.Invalid, "odata.batch", format, args...)
}

func (q *request) readBatch() ([]batchItem, error) {
	boundary, ok := boundaryOf(q.r.Header.Get("Content-Type"))
	if !ok {
		return nil, errs.New(errs.Invalid, "http.content_type", "a batch must be multipart/mixed with a boundary")
	}
	total := 0
	var items []batchItem
	err := eachPart(q.r.Body, boundary, func(part *multipart.Part) error {
		if inner, isSet := boundaryOf(part.Header.Get("Content-Type")); isSet {
			set := []*batchOp{}
			err := eachPart(part, inner, func(part *multipart.Part) error {
				op, err := q.readOp(part, &total)
				set = append(set, op)
				return err
			})
			items = append(items, batchItem{set: set})
			return err
		}
		op, err := q.readOp(part, &total)
		items = append(items, batchItem{op: op})
		return err
	})
	if err == nil && len(items) == 0 {
		err = badBatch("the batch holds no operation")
	}
	return items, err
}

func eachPart(from io.Reader, boundary string, f func(*multipart.Part) error) error {
	r := multipart.NewReader(from, boundary)
	for {
		part, err := r.NextRawPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return wrapBatch(err)
		}
		if err := f(part); err != nil {
			return err
		}
	}
}

func wrapBatch(err error) error {
	if _, tooBig := errors.AsType[*http.MaxBytesError](err); tooBig {
		return err
	}
	return errs.Wrap(err, errs.Invalid, "odata.batch", "the batch is not well-formed")
}

// readOp reads the request that a part of type application/http holds.
func (q *request) readOp(part *multipart.Part, total *int) (*batchOp, error) {
	if *total++; *total > maxBatch {
		return nil, badBatch("a batch holds at most %d operations", maxBatch)
	}
	data, err := io.ReadAll(part)
	if err != nil {
		return nil, wrapBatch(err)
	}
	text := textproto.NewReader(bufio.NewReader(bytes.NewReader(bytes.TrimLeft(data, "\r\n"))))
	line, err := text.ReadLine()
	if err != nil {
		return nil, badBatch("operation %d is empty", *total)
	}
	method, rest, _ := strings.Cut(line, " ")
	target, proto, _ := strings.Cut(strings.TrimSpace(rest), " HTTP/")
	if method == "" || target == "" || proto == "" {
		return nil, badBatch("operation %d does not begin with a line such as GET leads HTTP/1.1", *total)
	}
	header, err := text.ReadMIMEHeader()
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, badBatch("the headers of operation %d are not well-formed", *total)
	}
	body, err := io.ReadAll(text.R)
	if err != nil {
		return nil, wrapBatch(err)
	}
	op := &batchOp{method: method, target: q.below(target), header: http.Header(header), body: bytes.TrimRight(body, "\r\n"), contentID: part.Header.Get("Content-ID")}
	if op.contentID == "" {
		op.contentID = op.header.Get("Content-ID")
	}
	if strings.ContainsAny(op.contentID, "\r\n") || len(op.contentID) > 100 {
		return nil, badBatch("the Content-ID of operation %d is too long", *total)
	}
	return op, nil
}

// below gives the part of an address below the service root. It may be
// absolute, begin at the host, or be relative already. Spaces are let pass, as
// clients do not escape them in batches.
func (q *request) below(target string) string {
	target = strings.ReplaceAll(target, " ", "%20")
	path, query, has := strings.Cut(target, "?")
	if _, after, ok := strings.Cut(path, odataRoot); ok {
		_, path, _ = strings.Cut(after, "/")
	} else {
		path = strings.TrimPrefix(path, "/")
	}
	if has {
		path += "?" + query
	}
	return path
}

// refer replaces $1 at the start of an address by what the operation with that
// content id has made.
func refer(target string, addresses map[string]string) (string, error) {
	rest, ok := strings.CutPrefix(strings.TrimPrefix(target, "/"), "$")
	if !ok {
		return target, nil
	}
	n := strings.IndexAny(rest, "/?")
	if n < 0 {
		n = len(rest)
	}
	if address, ok := addresses[rest[:n]]; ok {
		return address + rest[n:], nil
	}
	if rest == "metadata" || rest == "batch" || strings.HasPrefix(rest, "metadata?") {
		return target, nil
	}
	return "", badBatch("no earlier operation of the change set has the Content-ID that the address refers to")
}

// referBody does the same for the addresses in a body: the values of
// @odata.bind and @odata.id.
func referBody(data []byte, addresses map[string]string) ([]byte, error) {
	if len(addresses) == 0 || !bytes.Contains(data, []byte(`"$`)) && !bytes.Contains(data, []byte(`"/$`)) {
		return data, nil
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return data, nil // the reader of bodies says what is wrong with it
	}
	v, err := referValue(v, false, addresses)
	if err != nil {
		return nil, err
	}
	return json.Marshal(v)
}

func referValue(v any, address bool, addresses map[string]string) (any, error) {
	var err error
	switch x := v.(type) {
	case string:
		if address {
			return refer(x, addresses)
		}
	case []any:
		for i := range x {
			if x[i], err = referValue(x[i], address, addresses); err != nil {
				return nil, err
			}
		}
	case map[string]any:
		for name := range x {
			isAddress := strings.HasSuffix(name, "@odata.bind") || name == "@odata.id"
			if x[name], err = referValue(x[name], isAddress, addresses); err != nil {
				return nil, err
			}
		}
	}
	return v, nil
}
