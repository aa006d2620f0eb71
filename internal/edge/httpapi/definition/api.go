package definition

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/customise"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
)

// API serves the data model.
type API struct {
	Customs *customise.Service
	Clock   clock.Clock
}

// Request is a request below the service root that Owns has said yes to.
type Request struct {
	Context  context.Context
	Method   string
	Path     string // below the service root, escaped
	Params   map[string]string
	Header   http.Header
	Base     string // the service root, with its slash
	Body     map[string]any
	InChange bool // within a change set
}

// Answer is what is sent.
type Answer struct {
	Status int
	Body   any    // nil is no content
	ID     string // OData-EntityId of what was made
}

const (
	entities  = "EntityDefinitions"
	relations = "RelationshipDefinitions"
	choices   = "GlobalOptionSetDefinitions"
)

// Owns tells whether a path below the service root is about the data model.
func Owns(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	name, _, _ := strings.Cut(first, "(")
	name = strings.TrimPrefix(name, namespace)
	return name == entities || name == relations || name == choices || name == metadataChanges || slices.Contains(Actions(), name)
}

// segment is a part of the path with what stands in its brackets.
type segment struct {
	name  string
	key   *itemKey
	inner string
}

// itemKey names one definition: by MetadataId, or by a name.
type itemKey struct{ property, value string }

func parseKey(inner string) (*itemKey, error) {
	property, value, named := strings.Cut(inner, "=")
	if !named {
		return &itemKey{"MetadataId", strings.ToLower(strings.Trim(inner, "'"))}, nil
	}
	property, value = strings.TrimSpace(property), strings.TrimSpace(value)
	if text, ok := strings.CutPrefix(value, "'"); ok {
		if text, ok = strings.CutSuffix(text, "'"); !ok {
			return nil, invalid("key", "the key %s is not closed", clip(inner))
		}
		value = strings.ReplaceAll(text, "''", "'")
	}
	switch property {
	case "MetadataId":
		return &itemKey{property, strings.ToLower(value)}, nil
	case "LogicalName", "SchemaName", "Name":
		return &itemKey{property, value}, nil
	}
	return nil, invalid("key", "definitions have no key %s", clip(property))
}

// is tells whether the key names the definition with these properties.
func (k *itemKey) is(id, logical, schema string) bool {
	switch k.property {
	case "MetadataId":
		return k.value == id
	case "SchemaName":
		return k.value == schema
	}
	return strings.EqualFold(k.value, logical)
}

const maxSegments = 6

func parsePath(path string) ([]segment, error) {
	path = strings.TrimSuffix(path, "/")
	parts, err := cut(path, '/')
	if err != nil {
		return nil, err
	}
	if len(parts) > maxSegments {
		return nil, notFound(path)
	}
	var out []segment
	for _, p := range parts {
		p, err := url.PathUnescape(p)
		if err != nil {
			return nil, invalid("escape", "the URL is not escaped properly")
		}
		name, rest, has := strings.Cut(p, "(")
		s := segment{name: name}
		if has {
			inner, ok := strings.CutSuffix(rest, ")")
			if !ok {
				return nil, notFound(p)
			}
			s.inner = inner
			if inner != "" {
				if s.key, err = parseKey(inner); err != nil {
					return nil, err
				}
			}
		}
		out = append(out, s)
	}
	return out, nil
}

// functionOf gives what stands in the brackets of a function's call.
func functionOf(path, function string) (inner string, ok bool) {
	if inner, ok = strings.CutPrefix(strings.TrimPrefix(path, namespace), function+"("); !ok {
		return "", false
	}
	if inner, ok = strings.CutSuffix(inner, ")"); !ok {
		return "", false
	}
	plain, err := url.PathUnescape(inner)
	return plain, err == nil
}

func notFound(what string) error {
	return errs.New(errs.NotFound, "definition.not_found", "there is no definition %s", clip(what))
}

func errThere(kind, name string) error {
	return errs.New(errs.Precondition, "definition.exists", "the %s %s is already there", kind, name)
}

func notAllowed() error {
	return errs.New(errs.Invalid, "http.method", "this resource does not take the method")
}

// call is a request at work.
type call struct {
	*API
	*Request
	ctx      context.Context
	catalog  *metadata.Catalog
	segments []segment
	options
	reader
	how      customise.How
	solution string
}

// Serve answers a request.
func (a *API) Serve(r *Request) (*Answer, error) {
	c := &call{API: a, Request: r, ctx: r.Context, catalog: a.Customs.Catalog()}
	var err error
	if inner, ok := functionOf(r.Path, metadataChanges); ok {
		return c.metadataChanges(inner)
	}
	if c.segments, err = parsePath(r.Path); err != nil {
		return nil, err
	}
	if err := c.read(); err != nil {
		return nil, err
	}
	if r.Method != http.MethodGet {
		if r.InChange {
			return nil, errs.New(errs.Unsupported, "definition.change_set", "the data model can't be changed within a change set; send the request by itself or in the batch outside of one")
		}
		if err := c.wants(); err != nil {
			return nil, err
		}
	}
	c.reader = reader{catalog: c.catalog, merge: r.Header.Get("MSCRM.MergeLabels") != "false"}
	switch c.segments[0].name {
	case entities:
		return c.entities()
	case relations:
		return c.relationships()
	case choices:
		return c.choices()
	}
	return c.action(strings.TrimPrefix(c.segments[0].name, namespace))
}

// read reads the options of the URL.
func (c *call) read() error {
	for name, value := range c.Params {
		switch strings.ToLower(name) {
		case "solutionuniquename":
			c.solution = value
		case "confirmdataloss":
			c.how.Confirm = value == "true"
		case "dryrun":
			c.how.DryRun = value == "true"
		case "labellanguages", "api-version":
		default:
			if strings.HasPrefix(name, "@") {
				continue
			}
			if err := c.set(name, value, 0); err != nil {
				return err
			}
		}
	}
	return nil
}

// wants reads the headers of a change.
func (c *call) wants() error {
	if v := c.Header.Get("MSCRM.SolutionUniqueName"); v != "" {
		c.solution = v
	}
	if c.Header.Get("Confirm-Data-Loss") == "true" {
		c.how.Confirm = true
	}
	if c.solution == "" {
		return nil
	}
	return c.Customs.CheckSolution(c.ctx, c.solution)
}

// change makes edits in the solution that the request names.
func (c *call) change(edits ...customise.Edit) (customise.Report, error) {
	for i := range edits {
		edits[i].Solution = c.solution
	}
	return c.Customs.Change(c.ctx, c.how, edits...)
}

// changed is change answered with no content, or with what would be done.
func (c *call) changed(id string, edits ...customise.Edit) (*Answer, error) {
	report, err := c.change(edits...)
	if err != nil {
		return nil, err
	}
	if c.how.DryRun {
		return &Answer{Status: http.StatusOK, Body: obj{"added": list(report.Added), "changed": list(report.Changed), "removed": list(report.Removed), "losses": losses(report.Losses)}}, nil
	}
	return &Answer{Status: http.StatusNoContent, ID: id}, nil
}

func list(s []string) []string { return append([]string{}, s...) }

func losses(all []customise.Loss) []any {
	out := []any{}
	for _, l := range all {
		out = append(out, obj{"what": l.What, "rows": l.Rows})
	}
	return out
}

// many answers with those definitions that the options want.
func (c *call) many(context string, all []obj, expand func(o obj, e expansion) error) (*Answer, error) {
	out, err := c.choose(all, c.options, expand)
	if err != nil {
		return nil, err
	}
	body := obj{"@odata.context": c.Base + "$metadata#" + context, "value": out}
	if c.count {
		body["@odata.count"] = len(out)
	}
	return &Answer{Status: http.StatusOK, Body: body}, nil
}

// one answers with one definition.
func (c *call) one(context string, o obj, expand func(o obj, e expansion) error) (*Answer, error) {
	out, err := c.choose([]obj{o}, options{sel: c.sel, expand: c.expand}, expand)
	if err != nil {
		return nil, err
	}
	out[0]["@odata.context"] = c.Base + "$metadata#" + context + "/$entity"
	return &Answer{Status: http.StatusOK, Body: out[0]}, nil
}

// choose filters, expands and selects.
func (c *call) choose(all []obj, o options, expand func(o obj, e expansion) error) ([]obj, error) {
	if _, err := parseFilter(o.filter, c.Clock); err != nil {
		return nil, err
	}
	cond, err := parseFilter(o.filter, c.Clock)
	if err != nil {
		return nil, err
	}
	out := []obj{}
	for _, item := range all {
		ok, err := cond.holds(item)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		shown, err := selected(item, o.sel)
		if err != nil {
			return nil, err
		}
		for _, e := range o.expand {
			if expand == nil {
				return nil, invalid("expand", "%s can't be expanded here", clip(e.name))
			}
			full := obj{}
			for k, v := range item {
				full[k] = v
			}
			if err := expand(full, e); err != nil {
				return nil, err
			}
			shown[e.name] = full[e.name]
		}
		out = append(out, shown)
		if o.top > 0 && len(out) == o.top {
			break
		}
	}
	return out, nil
}

func selected(o obj, names []string) (obj, error) {
	out := obj{}
	for k, v := range o {
		if strings.HasPrefix(k, "@") || k == "MetadataId" || len(names) == 0 || slices.Contains(names, k) {
			out[k] = v
		}
	}
	for _, n := range names {
		if _, ok := o[n]; !ok && !known(n) {
			return nil, errs.New(errs.Invalid, "odata.option", "$select: definitions have no property %s", clip(n))
		}
	}
	return out, nil
}

// known tells whether some definition has the property: a list of columns of
// many types is asked for what only some of them have.
func known(name string) bool {
	return slices.Contains(textual, name) || slices.Contains(logical, name) || slices.Contains(numeric, name) || slices.Contains(sometimes, name)
}

var sometimes = strings.Fields(`MetadataId DisplayName DisplayCollectionName Description MinValue MaxValue Targets DefaultValue DefaultFormValue MaxSizeInKB FormulaDefinition AutoNumberFormat Options KeyAttributes
	TrueOption FalseOption OptionSet GlobalOptionSet CascadeConfiguration AssociatedMenuConfiguration DatabaseLength ImeMode CanChangeDateTimeBehavior PrecisionSource CalculationOf IsBaseCurrency IsLocalizable
	Entity1NavigationPropertyName Entity2NavigationPropertyName Entity1IntersectAttribute Entity2IntersectAttribute CreatedOn ModifiedOn IsPrimaryImage MaxHeight MaxWidth CanStoreFullImage YomiOf`)

// Decode reads a body.
func Decode(data []byte) (map[string]any, error) {
	if len(strings.TrimSpace(string(data))) == 0 {
		return map[string]any{}, nil
	}
	d := json.NewDecoder(strings.NewReader(string(data)))
	d.UseNumber()
	var out map[string]any
	if err := d.Decode(&out); err != nil || d.More() {
		return nil, errs.New(errs.Invalid, "odata.body", "the body is not a JSON object")
	}
	return out, nil
}

func str(n int64) string { return strconv.FormatInt(n, 10) }
