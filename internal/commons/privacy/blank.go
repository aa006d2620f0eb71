package privacy

import (
	"encoding/json"
	"slices"

	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Nobody is the name that a person's row bears afterwards.
const Nobody = "Erased"

// telling lists the columns of a table that tell of a person: of a row about one
// all values but those that the definition keeps, of others the texts and files.
func telling(t *metadata.Table) (out []string) {
	p := t.Privacy
	person := p != nil && p.Person
	for _, c := range t.Columns {
		if c.System || c.Name == t.ID || c.Computed() || c.PartOf != "" || c.Name == "statecode" || c.Name == "statuscode" || c.IsLookup() || p != nil && slices.Contains(p.Keep, c.Name) {
			continue
		}
		switch c.TypeName {
		case "text", "memo", "json", "file", "image":
			out = append(out, c.Name)
		case "boolean", "id":
		default:
			if person {
				out = append(out, c.Name)
			}
		}
	}
	return out
}

// anonymised gives the change by which a row tells of nobody any more.
func anonymised(t *metadata.Table, row record.Row, n *needles) record.Row {
	change := record.Row{}
	person := t.Privacy != nil && t.Privacy.Person
	for _, name := range telling(t) {
		if row[name] == nil {
			continue
		}
		c, _ := t.Column(name)
		text, isText := row[name].(string)
		switch {
		case person && isText && (c.Required || t.Privacy.Names != nil && name == t.Privacy.Names[len(t.Privacy.Names)-1]):
			change[name] = Nobody
		case !person && isText && (c.Required || name == t.Title):
			change[name] = n.redact(text, true)
		case c.Required:
		default:
			change[name] = nil
		}
		if same(change[name], row[name]) {
			delete(change, name)
		}
	}
	return change
}

// redacted gives the change by which a row of somebody else's names the person no more.
func redacted(t *metadata.Table, row record.Row, n *needles) record.Row {
	change := record.Row{}
	for _, c := range t.Columns {
		if c.Computed() || c.PartOf != "" {
			continue
		}
		switch v := row[c.Name].(type) {
		case string:
			if c.TypeName != "text" && c.TypeName != "memo" {
				continue
			}
			if to := n.redact(v, false); to != v {
				change[c.Name] = to
			}
		case json.RawMessage:
			if to := n.redactJSON(string(v), false); to != string(v) {
				change[c.Name] = json.RawMessage(to)
			}
		}
	}
	return change
}

func same(a, b any) bool {
	x, isX := a.(string)
	y, isY := b.(string)
	return isX && isY && x == y
}

// stripped gives the values of a change row without what tells of the person.
func stripped(image json.RawMessage, columns []string, n *needles, wide bool) json.RawMessage {
	if len(image) == 0 {
		return image
	}
	var values map[string]json.RawMessage
	if json.Unmarshal(image, &values) != nil {
		return json.RawMessage("{}")
	}
	out := map[string]json.RawMessage{}
	for name, v := range values {
		if !slices.Contains(columns, name) {
			out[name] = json.RawMessage(n.redactJSON(string(v), wide))
		}
	}
	text, err := json.Marshal(out)
	if err != nil {
		return json.RawMessage("{}")
	}
	return text
}
