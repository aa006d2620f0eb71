package httpapi

import (
	"bytes"
	"net/http"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/odata"
)

// serviceDocument answers GET / with the entity sets.
func (q *request) serviceDocument() error {
	var buf bytes.Buffer
	buf.WriteString(`{"@odata.context":` + quoted(q.base+"$metadata") + `,"value":[`)
	for i, name := range q.catalog.Names() {
		t, _ := q.catalog.Table(name)
		if i > 0 {
			buf.WriteByte(',')
		}
		buf.WriteString(`{"name":` + quoted(t.Set) + `,"kind":"EntitySet","url":` + quoted(t.Set) + "}")
	}
	buf.WriteString("]}")
	return q.send(http.StatusOK, &buf)
}

// metadata answers GET /$metadata.
func (q *request) metadata() error {
	document(q.w, q.r, "application/xml", q.api.describe(q.catalog))
	return nil
}

// describe keeps the last document, as a catalog never changes once made.
func (a *ODataAPI) describe(c *metadata.Catalog) []byte {
	a.mu.Lock()
	defer a.mu.Unlock()
	var epoch any
	if listed, ok := a.Actions.(interface{ Epoch() any }); ok {
		epoch = listed.Epoch()
	}
	if a.csdlFrom != c || a.csdlEpoch != epoch {
		a.csdl, a.csdlFrom, a.csdlEpoch = odata.CSDL(c, a.operations()), c, epoch
	}
	return a.csdl
}

func (a *ODataAPI) operations() []odata.OperationInfo {
	list := []odata.OperationInfo{{Name: whoAmI, Function: true, Result: []odata.ParamInfo{
		{Name: "BusinessUnitId", Type: "Edm.Guid"}, {Name: "UserId", Type: "Edm.Guid"}, {Name: "OrganizationId", Type: "Edm.Guid"}}}}
	list = append(list, multipleOperations()...)
	if a.Search != nil {
		list = append(list, searchOperations()...)
	}
	if a.Actions == nil {
		return list
	}
	for _, op := range a.Actions.List() {
		if op.Name != whoAmI {
			list = append(list, op)
		}
	}
	return list
}

const whoAmI = "WhoAmI"

// dopHint is how many requests a client should have under way; Microsoft's C#
// sample reads it as a number and fails without.
const dopHint = "4"

// function answers GET of a function.
func (q *request) function() error {
	aliases := map[string]string{}
	for name, v := range q.params {
		if strings.HasPrefix(name, "@") {
			aliases[name] = v
		}
	}
	args, err := odata.ParseArguments(q.path.Arguments, aliases)
	if err != nil {
		return err
	}
	if q.path.Operation == whoAmI && q.path.Table == nil {
		return q.whoAmI()
	}
	if q.searches() && (q.path.Operation == "searchstatistics" || q.path.Operation == "searchstatus") {
		return q.search(nil)
	}
	return q.call(args, true)
}

// action answers POST of an action.
func (q *request) action() error {
	data, err := q.body()
	if err != nil {
		return err
	}
	if q.searches() {
		return q.search(data)
	}
	if do, many := q.multiple(); many {
		list, err := q.targets(data)
		if err != nil {
			return err
		}
		return do(q, list)
	}
	args := map[string]any{}
	if len(bytes.TrimSpace(data)) > 0 {
		if args, err = odata.ReadJSON(data); err != nil {
			return err
		}
	}
	return q.call(args, false)
}

func (q *request) call(args map[string]any, isFunction bool) error {
	if q.api.Actions == nil {
		return errs.New(errs.NotFound, "odata.unknown_resource", "there is no operation %s", q.path.Operation)
	}
	table, bound := "", id.Nil
	if q.path.Table != nil {
		table = q.path.Table.Name
	}
	if q.path.Key != nil {
		var err error
		if bound, err = q.rowID(q.api.Records, q.path.Table, *q.path.Key); err != nil {
			return err
		}
	}
	var result map[string]any
	var err error
	if q.api.tx != nil && !isFunction {
		result, err = q.api.Actions.CallIn(q.ctx, q.api.tx, q.path.Operation, table, bound, args)
	} else {
		result, err = q.api.Actions.Call(q.ctx, q.path.Operation, table, bound, args, isFunction)
	}
	if err != nil {
		return err
	}
	if result == nil {
		return q.noContent()
	}
	return q.result(result)
}

func (q *request) result(values map[string]any) error {
	w := odata.Writer{Catalog: q.catalog}
	var buf bytes.Buffer
	context := q.base + "$metadata#" + odata.Namespace + "." + q.path.Operation + "Response"
	if whole, ok := values[odata.EntityResult].(odata.Typed); ok {
		if t, known := q.catalog.Table(whole.Table); known {
			context = q.base + "$metadata#" + t.Set + "/$entity"
		}
	}
	if err := w.Result(&buf, context, values); err != nil {
		return err
	}
	return q.send(http.StatusOK, &buf)
}

func (q *request) whoAmI() error {
	user := access.From(q.ctx).ID
	values := map[string]any{"UserId": user, "OrganizationId": q.api.Organization, "BusinessUnitId": id.Nil}
	if q.api.Principals != nil {
		values["BusinessUnitId"] = q.api.Principals.Unit(user)
	}
	exact(q.w.Header(), "x-ms-dop-hint", dopHint)
	return q.result(values)
}
