package app

import (
	"context"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/event"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/odata"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// What satisfies the small interfaces by which packages meet.

// odataActions offers the registry to the Web API.
type odataActions struct{ r *action.Registry }

func (o odataActions) Call(ctx context.Context, name, boundTable string, boundID id.ID, body map[string]any, isFunction bool) (map[string]any, error) {
	info, err := o.find(name, boundTable, boundID, isFunction)
	if err != nil {
		return nil, err
	}
	out, err := o.r.Call(ctx, name, boundID, body)
	return content(info, out), err
}

func (o odataActions) CallIn(ctx context.Context, tx *record.Tx, name, boundTable string, boundID id.ID, body map[string]any) (map[string]any, error) {
	info, err := o.find(name, boundTable, boundID, false)
	if err != nil {
		return nil, err
	}
	out, err := o.r.CallIn(ctx, tx, name, boundID, body)
	return content(info, out), err
}

func (o odataActions) find(name, boundTable string, boundID id.ID, isFunction bool) (action.Info, error) {
	info, ok := o.r.Find(name)
	if !ok || info.Function != isFunction || info.Table != boundTable && !(info.Table == "principal" && (boundTable == "systemuser" || boundTable == "team")) ||
		info.Collection != (boundTable != "" && boundID == id.Nil) {
		return info, errs.New(errs.NotFound, "action.unknown", "there is no such action here: %s", name)
	}
	return info, nil
}

// content gives nil, which is no content, for an action that has no result.
func content(info action.Info, out map[string]any) map[string]any {
	if len(info.Out) == 0 {
		return nil
	}
	return out
}

func (o odataActions) List() []odata.OperationInfo {
	var out []odata.OperationInfo
	for _, a := range o.r.List() {
		out = append(out, odata.OperationInfo{Name: a.Name, Function: a.Function, Bound: a.Table, Collection: a.Collection, Params: parameters(a.In), Result: parameters(a.Out)})
	}
	return out
}

// Epoch tells the list of now from that of another time.
func (o odataActions) Epoch() any { return o.r.Epoch() }

func parameters(list []action.Param) []odata.ParamInfo {
	var out []odata.ParamInfo
	for _, p := range list {
		out = append(out, odata.ParamInfo{Name: p.Name, Type: p.Type, Required: !p.Optional, Members: parameters(p.Members)})
	}
	return out
}

// leadColumns finds columns of the table lead as it is at each call.
type leadColumns struct{ now func() *metadata.Table }

func (l leadColumns) Column(name string) (*metadata.Column, bool) { return l.now().Column(name) }

// letterKeeper keeps dead letters as records.
type letterKeeper struct{ store *record.Store }

func (k letterKeeper) Keep(ctx context.Context, tx *sqldb.Tx, l event.Letter) error {
	ctx = access.AsSystem(ctx, "dead letter of "+l.Consumer)
	_, err := k.store.Bind(tx).Create(ctx, "rpt_deadletter", record.Row{"rpt_name": cut(l.Consumer+": "+l.Source+" "+l.EventID, 300), "rpt_consumer": l.Consumer,
		"rpt_topic": l.Topic, "rpt_seq": int64(l.Seq), "rpt_eventid": cut(l.EventID, 500), "rpt_source": cut(l.Source, 500), "rpt_reason": cut(l.Reason, 4000),
		"rpt_attempts": int64(l.Attempts), "rpt_data": l.Data})
	return err
}

func cut(s string, n int) string {
	r := []rune(s)
	return string(r[:min(len(r), n)])
}
