package backend

import (
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
)

// mine are the fields that only this side writes.
var mine = []string{"underwriting", "rate"}

func invalid(format string, args ...any) error {
	return failure{http.StatusBadRequest, "invalid", fmt.Sprintf(format, args...)}
}

var errUnknown = failure{http.StatusNotFound, "case.unknown", "there is no such case"}

func usable(c *Case) error {
	switch {
	case c == nil:
		return errUnknown
	case c.Closed:
		return failure{http.StatusConflict, "case.closed", "the case is closed"}
	}
	return nil
}

type fieldsBody struct {
	Kind     string           `json:"kind"`
	Title    string           `json:"title"`
	Fields   map[string]any   `json:"fields"`
	Versions map[string]int64 `json:"versions"`
}

func (b *Backend) putCase(tx *sql.Tx, q request, c *Case) (*Case, int, error) {
	var in fieldsBody
	if json.Unmarshal(q.body, &in) != nil || in.Kind == "" || in.Fields == nil {
		return nil, 0, invalid("a case needs kind, title and fields")
	}
	status := http.StatusOK
	if c == nil {
		status = http.StatusCreated
		c = &Case{ID: q.id, Status: "received", Fields: map[string]any{"underwriting": nil, "rate": nil}, Versions: map[string]int64{}, Notes: []Note{}, Documents: []Document{}}
		if err := b.emit(tx, c, event{Type: "status", Status: "received"}); err != nil {
			return nil, 0, err
		}
	}
	if c.Closed {
		return nil, 0, failure{http.StatusConflict, "case.closed", "the case is closed"}
	}
	c.Kind, c.Title = in.Kind, in.Title
	return c, status, b.merge(tx, c, in)
}

func (b *Backend) patchFields(tx *sql.Tx, q request, c *Case) (*Case, int, error) {
	var in fieldsBody
	if err := usable(c); err != nil {
		return nil, 0, err
	}
	if json.Unmarshal(q.body, &in) != nil || in.Fields == nil {
		return nil, 0, invalid("fields are needed")
	}
	if q.match != "" && q.match != fmt.Sprintf("%q", fmt.Sprint(c.Version)) {
		return nil, 0, failure{http.StatusPreconditionFailed, "case.changed", "the case has changed"}
	}
	return c, http.StatusOK, b.merge(tx, c, in)
}

// merge takes fields over; of those that both write the greater version stays.
func (b *Backend) merge(tx *sql.Tx, c *Case, in fieldsBody) error {
	again := false
	for name, v := range in.Fields {
		if slices.Contains(mine, name) {
			return failure{http.StatusForbidden, "field.owner", "the field " + name + " is written here alone"}
		}
		switch v.(type) {
		case map[string]any, []any:
			return invalid("the field %s is no value", name)
		}
		if version, shared := in.Versions[name]; shared {
			if version <= c.Versions[name] {
				continue
			}
			c.Versions[name] = version
		}
		again = again || name == "amount" && fmt.Sprint(c.Fields[name]) != fmt.Sprint(v)
		c.Fields[name] = v
	}
	if !again {
		return nil
	}
	if err := save(tx, c); err != nil { // so that there is a row to be due
		return err
	}
	_, err := tx.Exec("UPDATE cases SET due = ? WHERE id = ?", b.o.Now().Add(b.o.Delay).UnixMilli(), c.ID)
	return err
}

func (b *Backend) putStatus(_ *sql.Tx, q request, c *Case) (*Case, int, error) {
	var in struct {
		Status string `json:"status"`
		Closed bool   `json:"closed"`
	}
	if err := usable(c); err != nil {
		return nil, 0, err
	}
	if json.Unmarshal(q.body, &in) != nil || in.Status == "" {
		return nil, 0, invalid("a status is needed")
	}
	c.OurStatus, c.Closed = in.Status, in.Closed
	return c, http.StatusOK, nil
}

func (b *Backend) addNote(_ *sql.Tx, q request, c *Case) (*Case, int, error) {
	var n Note
	if err := usable(c); err != nil {
		return nil, 0, err
	}
	if json.Unmarshal(q.body, &n) != nil || n.ID == "" {
		return nil, 0, invalid("a note needs an id and a text")
	}
	if at := slices.IndexFunc(c.Notes, func(o Note) bool { return o.ID == n.ID }); at >= 0 {
		c.Notes[at] = n
	} else {
		c.Notes = append(c.Notes, n)
	}
	return c, http.StatusOK, nil
}

func (b *Backend) removeNote(_ *sql.Tx, q request, c *Case) (*Case, int, error) {
	if err := usable(c); err != nil {
		return nil, 0, err
	}
	c.Notes = slices.DeleteFunc(c.Notes, func(o Note) bool { return o.ID == q.doc })
	return c, http.StatusOK, nil
}

func (b *Backend) removeDocument(tx *sql.Tx, q request, c *Case) (*Case, int, error) {
	if err := usable(c); err != nil {
		return nil, 0, err
	}
	c.Documents = slices.DeleteFunc(c.Documents, func(o Document) bool { return o.ID == q.doc })
	_, err := tx.Exec("DELETE FROM contents WHERE caseid = ? AND docid = ?", q.id, q.doc)
	return c, http.StatusOK, err
}

func (b *Backend) addDocument(_ *sql.Tx, q request, c *Case) (*Case, int, error) {
	var d Document
	if err := usable(c); err != nil {
		return nil, 0, err
	}
	if json.Unmarshal(q.body, &d) != nil || d.ID == "" || d.Name == "" || len(d.SHA256) != 64 || d.Size < 0 || d.Size > mostContent {
		return nil, 0, invalid("a document needs id, name, size and sha256")
	}
	if at := slices.IndexFunc(c.Documents, func(o Document) bool { return o.ID == d.ID }); at >= 0 {
		c.Documents[at] = d
	} else {
		c.Documents = append(c.Documents, d)
	}
	return c, http.StatusOK, nil
}

func (b *Backend) putContent(tx *sql.Tx, q request, c *Case) (*Case, int, error) {
	if err := usable(c); err != nil {
		return nil, 0, err
	}
	at := slices.IndexFunc(c.Documents, func(o Document) bool { return o.ID == q.doc })
	if at < 0 {
		return nil, 0, failure{http.StatusNotFound, "document.unknown", "there is no such document"}
	}
	sum := sha256.Sum256(q.body)
	if d := c.Documents[at]; d.Size != int64(len(q.body)) || d.SHA256 != hex.EncodeToString(sum[:]) {
		return nil, 0, failure{http.StatusUnprocessableEntity, "document.content", "the content is another than the one that was named"}
	}
	_, err := tx.Exec("INSERT INTO contents (caseid, docid, body) VALUES (?, ?, ?) ON CONFLICT (caseid, docid) DO UPDATE SET body = excluded.body", q.id, q.doc, q.body)
	return c, http.StatusOK, err
}
