package flow

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Entry is one step of a checkpoint, as people see it.
type Entry struct {
	Name       string   `json:"name"`
	Title      string   `json:"title,omitempty"`
	Type       string   `json:"type"`
	Status     string   `json:"status"` // succeeded, failed, retrying, waiting, undone
	StartedOn  string   `json:"startedon"`
	DurationMS float64  `json:"durationms"`
	Created    bool     `json:"created,omitempty"` // of an upsert
	Input      any      `json:"input,omitempty"`
	Output     any      `json:"output,omitempty"`
	Error      *Failure `json:"error,omitempty"`
}

func (e *Entry) fail(_ *head, err error) {
	e.Status, e.Output, e.Error = "failed", nil, failureOf(err)
}

func (e *Entry) finish(h *head, started, now time.Time) {
	e.Name, e.Title, e.Type = h.id, h.title, h.kind
	e.StartedOn = started.Format(time.RFC3339Nano)
	e.DurationMS = float64(now.Sub(started).Microseconds()) / 1000
}

// always are parts of names whose values history never shows.
var always = []string{"password", "passwort", "secret", "token", "apikey", "api_key", "authorization", "credential", "privatekey", "private_key", "creditcard", "cardnumber", "iban", "ssn"}

const masked = "•••"

// shown masks secrets in a value.
func (p *Program) shown(v any) any {
	out, _ := p.mask(v)
	return out
}

// mask gives a value without its secrets, and whether it had any. A value that
// has none is given as it is: this is on the way of every step.
func (p *Program) mask(v any) (out any, found bool) {
	switch x := plainTop(v).(type) {
	case map[string]any:
		var copied map[string]any
		for name, item := range x {
			shown, hidden := any(masked), p.secret(name) && !empty(item)
			if !hidden {
				if shown, hidden = p.mask(item); !hidden {
					continue
				}
			}
			if copied == nil {
				copied = maps.Clone(x)
			}
			copied[name] = shown
		}
		if copied != nil {
			return copied, true
		}
		return x, false
	case []any:
		var copied []any
		for i, item := range x {
			if shown, hidden := p.mask(item); hidden {
				if copied == nil {
					copied = slices.Clone(x)
				}
				copied[i] = shown
			}
		}
		if copied != nil {
			return copied, true
		}
		return x, false
	default:
		return x, false
	}
}

// plainTop makes rows plain; values of runs are so already.
func plainTop(v any) any {
	switch v.(type) {
	case map[string]any, []any, string, bool, int64, float64, nil:
		return v
	}
	return plain(v)
}

func (p *Program) secret(name string) bool {
	name = strings.ToLower(name)
	if p.secrets[name] {
		return true
	}
	for _, s := range always {
		if strings.Contains(name, s) {
			return true
		}
	}
	return false
}

const (
	entryMost   = 16 << 10  // bytes of one input or output
	historyMost = 200 << 10 // bytes of a checkpoint's history
)

// encodeHistory writes a checkpoint's history. What is too large is named by
// its size: history is for people, and the records themselves are kept anyway.
// Inputs and outputs are put in as they were encoded: giving them to the encoder
// as raw JSON would have it read every byte twice more.
func encodeHistory(entries []Entry) (json.RawMessage, error) {
	out := []byte{'['}
	for i := range entries {
		e := entries[i]
		input, output := short(e.Input, len(out)), short(e.Output, len(out))
		e.Input, e.Output = nil, nil
		text, err := json.Marshal(e)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, text[:len(text)-1]...) // without the closing brace
		out = member(out, "input", input)
		out = member(out, "output", output)
		out = append(out, '}')
	}
	return append(out, ']'), nil
}

// member adds a value that has been encoded to an object that has members.
func member(object []byte, name string, value json.RawMessage) []byte {
	if value == nil {
		return object
	}
	object = append(object, `,"`+name+`":`...)
	return append(object, value...)
}

func short(v any, total int) json.RawMessage {
	if v == nil {
		return nil
	}
	text, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	if len(text) <= entryMost && total+len(text) <= historyMost {
		return text
	}
	return json.RawMessage(`{"bytes":` + strconv.Itoa(len(text)) + `,"truncated":true}`)
}
