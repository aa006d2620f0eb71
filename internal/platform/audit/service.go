package audit

import (
	"bytes"
	"encoding/json"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/secret"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Options are what the actions need.
type Options struct {
	Store  *record.Store
	Access *access.Control
	Log    *changelog.Log
	Clock  clock.Clock
	Keys   *secret.Box // checks the signatures of seals; nil leaves them alone
}

// Service does the actions.
type Service struct{ o Options }

// New makes the service.
func New(o Options) *Service { return &Service{o} }

// Define declares the actions.
func (s *Service) Define(r *action.Registry) {
	s.defineRevert(r)
	s.defineAsOf(r)
	s.defineRestore(r)
	s.defineReads(r)
	s.defineVerify(r, s.o.Keys)
}

func (s *Service) table(name string) (*metadata.Table, error) {
	t, ok := s.o.Store.Catalog().Table(name)
	if !ok {
		return nil, record.ErrNotFound
	}
	if t.NoTrack {
		return nil, errs.New(errs.Invalid, "audit.untracked", "changes of %s are not kept", t.Name)
	}
	return t, nil
}

// values reads an image of the change log by the definitions of now. What the
// table no longer knows, or can't hold any more, is left out.
func values(t *metadata.Table, image json.RawMessage) record.Row {
	out := record.Row{}
	if len(image) == 0 {
		return out
	}
	raw := map[string]any{}
	d := json.NewDecoder(bytes.NewReader(image))
	d.UseNumber()
	if d.Decode(&raw) != nil {
		return out
	}
	for _, c := range t.Columns {
		v, given := raw[c.Name]
		switch {
		case !given:
			continue
		case v == nil:
			out[c.Name] = nil
		case c.IsFile():
			text, _ := v.(string)
			key, err := id.Parse(text)
			if err != nil {
				continue
			}
			out[c.Name] = key
		default:
			canonical, err := c.Coerce(v)
			if err != nil {
				continue
			}
			out[c.Name] = canonical
		}
		if kind := metadata.TypeColumn(c.Name); c.Polymorphic() {
			out[kind] = raw[kind]
		}
	}
	return out
}

// settable tells whether a column can be set back: not what the platform works
// out itself, nor content, whose old bytes are gone.
func settable(c *metadata.Column) bool {
	return !c.ReadOnly && !c.IsFile() && !c.Computed() && c.PartOf == "" && (!c.System || c.Name == "ownerid" || c.Name == "statecode" || c.Name == "statuscode")
}

// same tells whether two values of a column are equal.
func same(a, b any) bool {
	ja, err := json.Marshal(a)
	if err != nil {
		return false
	}
	jb, err := json.Marshal(b)
	return err == nil && bytes.Equal(ja, jb)
}
