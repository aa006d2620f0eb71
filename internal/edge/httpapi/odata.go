package httpapi

import (
	"bytes"
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/rapport-platform/rapport/internal/edge/httpapi/definition"
	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/odata"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/search"
)

// ODataAPI serves the Web API, as Dataverse has it, below /api/data/v9.x/:
//
//	GET                       the service document, $metadata, openapi.json
//	GET, POST, PUT, DELETE    EntityDefinitions and what else is of the data model (package definition)
//	GET, POST                 /leads; GET /leads/$count
//	GET, PATCH, DELETE        /leads(key)
//	GET, PUT, DELETE          /leads(key)/property
//	GET                       /leads(key)/navigation, and below it $count and $ref
//	PUT, POST, DELETE         /leads(key)/navigation/$ref
//	GET, POST                 functions and actions, bound and unbound
//	POST                      /$batch, with change sets
//
// Who asks is in the request's context already; without a principal the answer is 401.
type ODataAPI struct {
	Records     Records
	Actions     Actions       // nil offers WhoAmI only
	Callers     Callers       // nil offers no acting for others
	Search      *search.Index // nil offers no search
	Limits      *Limits       // nil has none
	Principals  Principals
	Catalog     func() *metadata.Catalog
	Definitions *definition.API // the data model; nil offers records only
	// Renew looks whether the definitions have changed and takes them in; may be nil.
	Renew        func(ctx context.Context) (changed bool, err error)
	Log          *changelog.Log // nil: changes are not tracked
	Clock        clock.Clock
	Organization id.ID
	Files        Files // nil where the content of files can't be reached
	// BaseURL gives the scheme and host under which clients reach us, such as
	// "https://crm.example.com"; nil takes them from the request.
	BaseURL func(*http.Request) string

	tx *record.Tx // of the change set that is running; nil outside of one

	mu        sync.Mutex
	csdl      []byte
	csdlFrom  *metadata.Catalog
	csdlEpoch any // of the list of actions that the document names
}

const (
	odataRoot = "/api/data/"
	maxBody   = 16 << 20 // bytes of a request
	jsonType  = "application/json; odata.metadata=minimal"
)

// Register adds the routes.
func (a *ODataAPI) Register(mux *http.ServeMux) { mux.Handle(odataRoot, a) }

// ServeHTTP answers one request.
func (a *ODataAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	exact(h, "OData-Version", "4.0")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	requestID := id.New().String()
	exact(h, "REQ_ID", requestID)
	exact(h, "x-ms-service-request-id", requestID)
	exact(h, "x-ms-dop-hint", dopHint)
	for _, name := range []string{"x-ms-client-request-id", "x-ms-correlation-id", "x-ms-correlation-request-id"} {
		if v := r.Header.Get(name); v != "" && len(v) <= 200 {
			exact(h, name, v)
		}
	}
	if err := a.serve(w, r); err != nil {
		WriteError(w, r, err)
	}
}

func (a *ODataAPI) serve(w http.ResponseWriter, r *http.Request) error {
	version, rest, ok := splitVersion(r.URL.EscapedPath())
	if !ok {
		return errs.New(errs.NotFound, "odata.unknown_resource", "the Web API is at %sv9.2/", odataRoot)
	}
	if access.From(r.Context()).Kind == access.Anonymous {
		return access.ErrSignIn
	}
	done, err := a.Limits.begin(w.Header(), access.From(r.Context()).ID)
	if err != nil {
		return err
	}
	defer done()
	ctx, err := a.caller(r.Context(), r.Header)
	if err != nil {
		return err
	}
	r = r.WithContext(ctx)
	params, err := odata.Params(r.URL.RawQuery)
	if err != nil {
		return err
	}
	if done, err := a.describedByOthers(w, r, version, rest, params); done {
		return err
	}
	catalog := a.Catalog()
	path, err := odata.ParsePath(catalog, rest)
	if err != nil && a.Renew != nil {
		// A table that another node has made a moment ago is known once it is asked for.
		if changed, e := a.Renew(r.Context()); e == nil && changed {
			catalog = a.Catalog()
			path, err = odata.ParsePath(catalog, rest)
		}
	}
	if err != nil {
		return err
	}
	limit := int64(maxBody)
	if c := path.Property; c != nil && c.IsFile() {
		limit = c.MaxBytes() + 1<<10 // the store names the column's limit
	}
	r.Body = http.MaxBytesReader(w, r.Body, limit)
	q := &request{api: a, w: w, r: r, ctx: r.Context(), catalog: catalog, path: path, params: params,
		prefer: parsePrefer(r.Header.Values("Prefer")), base: a.base(r) + odataRoot + version + "/", rest: rest}
	return q.route()
}

// splitVersion takes /api/data/v9.2/leads apart; any v9 is as good as another.
func splitVersion(path string) (version, rest string, ok bool) {
	path, ok = strings.CutPrefix(path, odataRoot)
	version, rest, _ = strings.Cut(path, "/")
	minor, v9 := strings.CutPrefix(version, "v9.")
	digits := minor != "" && len(minor) <= 2 && strings.Trim(minor, "0123456789") == ""
	return version, rest, ok && v9 && digits
}

func (a *ODataAPI) base(r *http.Request) string {
	if a.BaseURL != nil {
		return strings.TrimSuffix(a.BaseURL(r), "/")
	}
	return origin(r)
}

type handler func(*request) error

// handlers says what each method does with a kind of resource.
func handlers(kind odata.PathKind) map[string]handler {
	switch kind {
	case odata.Service:
		return map[string]handler{http.MethodGet: (*request).serviceDocument}
	case odata.Metadata:
		return map[string]handler{http.MethodGet: (*request).metadata}
	case odata.Batch:
		return map[string]handler{http.MethodPost: (*request).batch}
	case odata.Set:
		return map[string]handler{http.MethodGet: (*request).getSet, http.MethodPost: (*request).create}
	case odata.SetCount:
		return map[string]handler{http.MethodGet: (*request).countSet}
	case odata.Entity:
		return map[string]handler{http.MethodGet: (*request).getEntity, http.MethodPatch: (*request).upsert, http.MethodDelete: (*request).remove}
	case odata.Property:
		return map[string]handler{http.MethodGet: (*request).getProperty, http.MethodPut: (*request).putProperty, http.MethodDelete: (*request).clearProperty}
	case odata.RawValue:
		return map[string]handler{http.MethodGet: (*request).getRawValue}
	case odata.Navigation:
		return map[string]handler{http.MethodGet: (*request).navigate}
	case odata.NavCount:
		return map[string]handler{http.MethodGet: (*request).countNavigation}
	case odata.RefLink:
		return map[string]handler{http.MethodGet: (*request).getRef, http.MethodPut: (*request).setRef, http.MethodPost: (*request).setRef, http.MethodDelete: (*request).removeRef}
	default:
		return map[string]handler{http.MethodGet: (*request).function, http.MethodPost: (*request).action}
	}
}

// errMember refuses members what is not about rows.
var errMember = errs.New(errs.Forbidden, "odata.member", "members of the portal read and write rows here, and nothing else")

func forMembers(kind odata.PathKind) bool {
	switch kind {
	case odata.Batch, odata.Set, odata.SetCount, odata.Entity, odata.Property, odata.RawValue, odata.Navigation, odata.NavCount:
		return true
	}
	return false
}

func (q *request) route() error {
	if access.From(q.ctx).Kind == access.Member && !forMembers(q.path.Kind) {
		return errMember
	}
	method := q.r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	offered := handlers(q.path.Kind)
	if q.isFile() {
		offered = fileHandlers()
	}
	h, ok := offered[method]
	if !ok {
		allowed := slices.Sorted(maps.Keys(offered))
		q.w.Header().Set("Allow", strings.Join(allowed, ", "))
		return errs.New(errs.Invalid, "http.method", "this resource takes %s", strings.Join(allowed, ", "))
	}
	if len(q.path.Through) > 0 {
		if err := q.through(); err != nil {
			return err
		}
	}
	return h(q)
}

// exact sets a header with its name as it stands: scripts that look for
// OData-EntityId or ETag in what they got are not all as tolerant as HTTP is.
func exact(h http.Header, name, value string) { h[name] = []string{value} }

// send answers with JSON.
func (q *request) send(status int, body *bytes.Buffer) error {
	h := q.w.Header()
	h.Set("Content-Type", jsonType)
	q.prefer.applied(h)
	q.w.WriteHeader(status)
	_, _ = body.WriteTo(q.w) // when the client has gone nobody is left to tell
	return nil
}

func (q *request) noContent() error {
	q.prefer.applied(q.w.Header())
	q.w.WriteHeader(http.StatusNoContent)
	return nil
}

func (q *request) plain(text string) error {
	q.w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = q.w.Write([]byte(text))
	return nil
}
