package action

import (
	"encoding/json"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/odata"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Ref names a record. The outside may send any of
//
//	{"@odata.type": "Microsoft.Dynamics.CRM.lead", "leadid": "…"}
//	{"@odata.id": "leads(…)"}, also by an alternate key or as an absolute URL
//	{"LogicalName": "lead", "Id": "…"}
//
// and, where the parameter says which table it means, the id alone.
type Ref struct {
	Table string
	ID    id.ID

	raw map[string]any
}

// Of makes a reference.
func Of(table string, key id.ID) Ref { return Ref{Table: table, ID: key} }

// IsZero tells whether nothing is named.
func (r Ref) IsZero() bool { return r.ID == id.Nil && r.raw == nil }

// UnmarshalJSON keeps what was sent; binding finds out what it names.
func (r *Ref) UnmarshalJSON(text []byte) error {
	*r = Ref{}
	return numbered(text, &r.raw)
}

// MarshalJSON writes the reference as it can be read again.
func (r Ref) MarshalJSON() ([]byte, error) {
	if r.raw != nil {
		return json.Marshal(r.raw)
	}
	if r.ID == id.Nil {
		return []byte("null"), nil
	}
	return json.Marshal(map[string]any{"@odata.type": "#" + odata.Namespace + "." + r.Table, "id": r.ID})
}

// Entity is a record with values, which need not be there yet.
type Entity struct {
	Ref
	Row record.Row // canonical values; lookups by alternate keys are found already

	raw map[string]any
}

// UnmarshalJSON keeps what was sent.
func (e *Entity) UnmarshalJSON(text []byte) error {
	*e = Entity{}
	if err := numbered(text, &e.raw); err != nil {
		return err
	}
	e.Ref.raw = e.raw
	return nil
}

// Sent tells whether the outside sent anything.
func (e Entity) Sent() bool { return e.raw != nil || e.Row != nil }
