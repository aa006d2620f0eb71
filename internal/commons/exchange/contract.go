package exchange

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"time"
)

// What goes over the line, as docs/schemas/case-exchange.yaml describes it.

// remoteCase is a case as the counterpart has it.
type remoteCase struct {
	ID        string           `json:"id"`
	Version   int64            `json:"version"`
	Sequence  int64            `json:"sequence"`
	Status    string           `json:"status"`
	Reason    string           `json:"reason"`
	Fields    map[string]any   `json:"fields"`
	Versions  map[string]int64 `json:"versions"`
	Notes     []wireNote       `json:"notes"`
	Documents []wireDocument   `json:"documents"`
}

type wireNote struct {
	ID        string `json:"id"`
	Subject   string `json:"subject,omitempty"`
	Text      string `json:"text"`
	Author    string `json:"author,omitempty"`
	CreatedOn string `json:"createdOn,omitempty"`

	at int64 // number of the event by which it came
}

type wireDocument struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	MediaType string `json:"mediaType,omitempty"`
	Size      int64  `json:"size"`
	SHA256    string `json:"sha256"`
	Subject   string `json:"subject,omitempty"`
	Text      string `json:"text,omitempty"`
	Author    string `json:"author,omitempty"`
	CreatedOn string `json:"createdOn,omitempty"`
}

type wireFields struct {
	Kind     string           `json:"kind,omitempty"`
	Title    string           `json:"title,omitempty"`
	Fields   map[string]any   `json:"fields"`
	Versions map[string]int64 `json:"versions,omitempty"`
}

type wireStatus struct {
	Status string `json:"status"`
	Closed bool   `json:"closed,omitempty"`
	Reason string `json:"reason,omitempty"`
}

// event is what a counterpart says of a case.
type event struct {
	ID       string           `json:"id"`
	CaseID   string           `json:"caseId"`
	Sequence int64            `json:"sequence"`
	Type     string           `json:"type"`
	Time     string           `json:"time"`
	Status   string           `json:"status"`
	Reason   string           `json:"reason"`
	Fields   map[string]any   `json:"fields"`
	Versions map[string]int64 `json:"versions"`
	Note     *wireNote        `json:"note"`
	Document *wireDocument    `json:"document"`
	Removed  string           `json:"removed"`
}

type changes struct {
	Events []json.RawMessage `json:"events"`
	Next   *string           `json:"next"`
	More   bool              `json:"more"`
}

// The types of events.
const (
	typeStatus   = "status"
	typeFields   = "fields"
	typeNote     = "note"
	typeDocument = "document"

	typeNoteGone     = "note-removed"
	typeDocumentGone = "document-removed"
)

const (
	mostBody     = 1 << 20  // bytes of JSON
	mostDocument = 25 << 20 // bytes of a document
	mostEvents   = 500      // in one request
	mostEvent    = 512 << 10
)

// decode reads one JSON value with numbers as they are written.
func decode(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		return nonsense("this is not what the contract asks for: %s", clip(err.Error(), 300))
	}
	if _, err := d.Token(); err != io.EOF {
		return nonsense("something stands behind the JSON")
	}
	return nil
}

// has tells whether a case has a note or document.
func (c remoteCase) has(given string) bool {
	return slices.ContainsFunc(c.Notes, func(n wireNote) bool { return n.ID == given }) ||
		slices.ContainsFunc(c.Documents, func(d wireDocument) bool { return d.ID == given })
}

// check refuses an event that can't be right by itself.
func (e *event) check() error {
	if _, err := time.Parse(time.RFC3339, e.Time); err != nil {
		return nonsense("the time is none")
	}
	switch e.Type {
	case typeStatus:
		if !statusWord.MatchString(e.Status) {
			return nonsense("the status is missing or none")
		}
	case typeFields:
		if len(e.Fields) == 0 || len(e.Fields) > mostFields {
			return nonsense("the fields are missing, or too many")
		}
	case typeNote:
		if e.Note == nil {
			return nonsense("the note is missing")
		}
		return e.Note.check()
	case typeDocument:
		if e.Document == nil {
			return nonsense("the document is missing")
		}
		return e.Document.check()
	case typeNoteGone, typeDocumentGone:
		if !word.MatchString(e.Removed) {
			return nonsense("what was removed is not said")
		}
	default:
		return nonsense("the type %q is not known", clip(e.Type, 60))
	}
	return nil
}

func (n *wireNote) check() error {
	if !word.MatchString(n.ID) || len(n.Text) > 100_000 || len(n.Subject) > 500 {
		return nonsense("the note has no usable id, or is too long")
	}
	return nil
}

func (d *wireDocument) check() error {
	if !word.MatchString(d.ID) || d.Name == "" || len(d.Name) > 255 || d.Size < 0 || d.Size > mostDocument || len(d.SHA256) != 64 || len(d.Text) > 100_000 || len(d.Subject) > 500 {
		return nonsense("the document lacks id, name, size or hash, or is too large")
	}
	return nil
}

// readCase reads an answer, which must be about the case that was asked about.
func readCase(text []byte, want string) (remoteCase, error) {
	var c remoteCase
	if err := decode(text, &c); err != nil {
		return c, err
	}
	if c.ID != want || c.Version < 1 || c.Sequence < 0 || !statusWord.MatchString(c.Status) || c.Fields == nil {
		return c, nonsense("the answer is about another case, or lacks version, sequence, status or fields")
	}
	return c, nil
}
