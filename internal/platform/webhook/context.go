package webhook

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// sizeMost is how large what is sent may be; a larger one goes without its
// parameters and images, as Dataverse does it.
const sizeMost = 256 << 10

const contracts = ":http://schemas.microsoft.com/xrm/2011/Contracts"

// pair is a member of the lists that stand for dictionaries.
type pair struct {
	Key   string `json:"key"`
	Value any    `json:"value"`
}

// entity is a record with values.
type entity struct {
	Type            string  `json:"__type"`
	Attributes      []pair  `json:"Attributes"`
	EntityState     any     `json:"EntityState"`
	FormattedValues []pair  `json:"FormattedValues"`
	ID              id.ID   `json:"Id"`
	KeyAttributes   []pair  `json:"KeyAttributes"`
	LogicalName     string  `json:"LogicalName"`
	RelatedEntities []pair  `json:"RelatedEntities"`
	RowVersion      *string `json:"RowVersion"`
}

// reference names a record.
type reference struct {
	Type          string  `json:"__type,omitempty"`
	ID            id.ID   `json:"Id"`
	KeyAttributes []pair  `json:"KeyAttributes"`
	LogicalName   string  `json:"LogicalName"`
	Name          *string `json:"Name"`
	RowVersion    *string `json:"RowVersion"`
}

// executionContext is Dataverse's RemoteExecutionContext.
type executionContext struct {
	BusinessUnitID      id.ID     `json:"BusinessUnitId"`
	CorrelationID       id.ID     `json:"CorrelationId"`
	Depth               int       `json:"Depth"`
	InitiatingUserID    id.ID     `json:"InitiatingUserId"`
	InputParameters     []pair    `json:"InputParameters"`
	IsExecutingOffline  bool      `json:"IsExecutingOffline"`
	IsInTransaction     bool      `json:"IsInTransaction"`
	IsOfflinePlayback   bool      `json:"IsOfflinePlayback"`
	IsolationMode       int       `json:"IsolationMode"`
	MessageName         string    `json:"MessageName"`
	Mode                int       `json:"Mode"`
	OperationCreatedOn  string    `json:"OperationCreatedOn"`
	OperationID         id.ID     `json:"OperationId"`
	OrganizationID      id.ID     `json:"OrganizationId"`
	OrganizationName    string    `json:"OrganizationName"`
	OutputParameters    []pair    `json:"OutputParameters"`
	OwningExtension     reference `json:"OwningExtension"`
	ParentContext       any       `json:"ParentContext"`
	PostEntityImages    []pair    `json:"PostEntityImages"`
	PreEntityImages     []pair    `json:"PreEntityImages"`
	PrimaryEntityID     id.ID     `json:"PrimaryEntityId"`
	PrimaryEntityName   string    `json:"PrimaryEntityName"`
	RequestID           id.ID     `json:"RequestId"`
	SecondaryEntityName string    `json:"SecondaryEntityName"`
	SharedVariables     []pair    `json:"SharedVariables"`
	Stage               int       `json:"Stage"`
	UserID              id.ID     `json:"UserId"`
}

var messages = map[changelog.Op]string{changelog.Create: "Create", changelog.Update: "Update", changelog.Delete: "Delete"}

// organisation is whose changes they are.
type organisation struct {
	ID   id.ID
	Name string
	Unit func(user id.ID) id.ID
}

// describe gives what is sent of a change, and whether parts of it were left out
// for its size.
func describe(o organisation, t *metadata.Table, s Step, c changelog.Change) (payload []byte, cut bool, err error) {
	user, by := c.Actor, c.Actor
	if c.OnBehalfOf != id.Nil {
		user = c.OnBehalfOf
	}
	name := s.Name
	x := executionContext{BusinessUnitID: o.Unit(user), CorrelationID: id.Derive("correlation", c.Origin, c.Record.String(), strconv.FormatInt(c.Version, 10)), Depth: 1, InitiatingUserID: by,
		IsolationMode: 1, MessageName: messages[c.Op], Mode: 1, OperationCreatedOn: date(c.At), OperationID: id.Derive("operation", s.ID.String(), c.Record.String(), strconv.FormatInt(c.Version, 10)),
		OrganizationID: o.ID, OrganizationName: o.Name, OutputParameters: []pair{}, PostEntityImages: []pair{}, PreEntityImages: []pair{},
		OwningExtension: reference{ID: s.ID, KeyAttributes: []pair{}, LogicalName: "sdkmessageprocessingstep", Name: &name}, PrimaryEntityID: c.Record, PrimaryEntityName: t.Name,
		RequestID: id.Derive("request", c.Origin), SecondaryEntityName: "none", SharedVariables: []pair{}, Stage: 40, UserID: user}
	before, after := values(t, c.Record, c.Before), values(t, c.Record, c.After)
	if c.Op == changelog.Delete {
		x.InputParameters = []pair{{"Target", reference{Type: "EntityReference" + contracts, ID: c.Record, KeyAttributes: []pair{}, LogicalName: t.Name}}}
	} else {
		x.InputParameters = []pair{{"Target", after}}
		x.PostEntityImages = []pair{{"PostImage", after}}
	}
	if c.Op != changelog.Create {
		x.PreEntityImages = []pair{{"PreImage", before}}
	}
	if payload, err = json.Marshal(x); err != nil || len(payload) <= sizeMost {
		return payload, false, err
	}
	x.InputParameters, x.PreEntityImages, x.PostEntityImages = []pair{}, []pair{}, []pair{}
	payload, err = json.Marshal(x)
	return payload, true, err
}

// date gives an instant in the form of .NET's older JSON.
func date(t time.Time) string { return "/Date(" + strconv.FormatInt(t.UnixMilli(), 10) + ")/" }

// values gives the values of one side of a change. Secured columns stay here.
func values(t *metadata.Table, key id.ID, text json.RawMessage) entity {
	out := entity{Type: "Entity" + contracts, Attributes: []pair{}, FormattedValues: []pair{}, ID: key, KeyAttributes: []pair{}, LogicalName: t.Name, RelatedEntities: []pair{}}
	raw := map[string]any{}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if len(text) == 0 || d.Decode(&raw) != nil {
		return out
	}
	for _, name := range slices.Sorted(maps.Keys(raw)) {
		c, ok := t.Column(name)
		if !ok || c.Secured {
			continue
		}
		v, err := c.Coerce(raw[name])
		if err != nil {
			continue // its type has been changed since
		}
		kind, _ := raw[metadata.TypeColumn(name)].(string)
		out.Attributes = append(out.Attributes, pair{name, value(c, v, kind)})
	}
	return out
}

// value gives a value with its type, as Dataverse's serialiser writes it.
func value(c *metadata.Column, v any, target string) any {
	switch x := v.(type) {
	case id.ID:
		if !c.IsLookup() {
			return x
		}
		if !c.Polymorphic() {
			target = c.Targets[0]
		}
		return reference{Type: "EntityReference" + contracts, ID: x, KeyAttributes: []pair{}, LogicalName: target}
	case int64:
		if c.IsChoice() {
			return map[string]any{"__type": "OptionSetValue" + contracts, "Value": x}
		}
	case query.Number:
		if c.TypeName == "money" {
			return map[string]any{"__type": "Money" + contracts, "Value": x}
		}
	case time.Time:
		return date(x)
	case query.Date:
		if t, err := time.Parse(time.DateOnly, string(x)); err == nil {
			return date(t)
		}
	case json.RawMessage:
		return string(x)
	}
	return v
}
