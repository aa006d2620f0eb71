package httpapi

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/rapport-platform/rapport/internal/edge/httpapi/definition"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/odata"
)

// openAPIPath is the address of the OpenAPI document, below the service root.
const openAPIPath = "openapi.json"

// describedByOthers serves what is not about records: the data model and the OpenAPI
// document. It tells whether the request was such a one.
func (a *ODataAPI) describedByOthers(w http.ResponseWriter, r *http.Request, version, rest string, params map[string]string) (bool, error) {
	switch {
	case access.From(r.Context()).Kind == access.Member && (rest == openAPIPath || definition.Owns(rest)):
		return true, errMember
	case rest == openAPIPath && (r.Method == http.MethodGet || r.Method == http.MethodHead):
		doc, err := a.openAPI(a.base(r) + odataRoot + version)
		if err != nil {
			return true, err
		}
		document(w, r, "application/json", doc)
		return true, nil
	case a.Definitions != nil && definition.Owns(rest):
		return true, a.definitions(w, r, version, rest, params)
	}
	return false, nil
}

func (a *ODataAPI) definitions(w http.ResponseWriter, r *http.Request, version, rest string, params map[string]string) error {
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	q := &definition.Request{Context: r.Context(), Method: method, Path: rest, Params: params, Header: r.Header, Base: a.base(r) + odataRoot + version + "/", InChange: a.tx != nil}
	if method != http.MethodGet && method != http.MethodDelete {
		if ct := r.Header.Get("Content-Type"); ct != "" {
			if kind, _, err := mime.ParseMediaType(ct); err != nil || kind != "application/json" {
				return errs.New(errs.Invalid, "http.content_type", "the body must be application/json")
			}
		}
		data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			return err
		}
		if q.Body, err = definition.Decode(data); err != nil {
			return err
		}
	}
	answer, err := a.Definitions.Serve(q)
	if err != nil {
		return err
	}
	if answer.ID != "" {
		exact(w.Header(), "OData-EntityId", answer.ID)
		w.Header().Set("Location", answer.ID)
	}
	if answer.Body == nil {
		w.WriteHeader(answer.Status)
		return nil
	}
	text, err := json.Marshal(answer.Body)
	if err != nil {
		return errs.Wrap(err, errs.Internal, "definition.encode", "the answer has no JSON form")
	}
	w.Header().Set("Content-Type", jsonType)
	w.WriteHeader(answer.Status)
	_, _ = w.Write(text) // when the client has gone nobody is left to tell
	return nil
}

// openAPI gives the OpenAPI document of what is in force now.
func (a *ODataAPI) openAPI(server string) ([]byte, error) {
	return odata.OpenAPI(a.Catalog(), a.operations(), server)
}

// document answers with a description of the service. Clients that have it
// already are told so.
func document(w http.ResponseWriter, r *http.Request, kind string, text []byte) {
	sum := sha256.Sum256(text)
	tag := `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
	h := w.Header()
	exact(h, "ETag", tag)
	h.Set("Cache-Control", "private, no-cache")
	for known := range strings.SplitSeq(r.Header.Get("If-None-Match"), ",") {
		if known = strings.TrimPrefix(strings.TrimSpace(known), "W/"); known == tag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	h.Set("Content-Type", kind)
	_, _ = bytes.NewReader(text).WriteTo(w) // when the client has gone nobody is left to tell
}
