package backend

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// event is what callers are told of a case.
type event struct {
	ID       string           `json:"id"`
	CaseID   string           `json:"caseId"`
	Sequence int64            `json:"sequence"`
	Type     string           `json:"type"`
	Time     string           `json:"time"`
	Status   string           `json:"status,omitempty"`
	Reason   string           `json:"reason,omitempty"`
	Fields   map[string]any   `json:"fields,omitempty"`
	Versions map[string]int64 `json:"versions,omitempty"`
	Note     *Note            `json:"note,omitempty"`
	Document *Document        `json:"document,omitempty"`
	Removed  string           `json:"removed,omitempty"`
}

// emit numbers an event and keeps it with the change that it tells of; a status
// is the case's status then. Where the fault is on, a lie goes before it.
func (b *Backend) emit(tx *sql.Tx, c *Case, e event) error {
	if now, _ := b.faults.get(); b.faults.hit(now.Lies) {
		if err := b.append(tx, c, event{Type: "status", Status: "gone-fishing"}); err != nil {
			return err
		}
		if err := count(tx, "lies"); err != nil {
			return err
		}
	}
	if e.Type == "status" {
		c.Status, c.Reason = e.Status, e.Reason
	}
	return b.append(tx, c, e)
}

func (b *Backend) append(tx *sql.Tx, c *Case, e event) error {
	c.Sequence++
	e.ID, e.CaseID, e.Sequence, e.Time = rand.Text(), c.ID, c.Sequence, b.o.Now().UTC().Format(time.RFC3339)
	text, err := json.Marshal(e)
	if err != nil {
		return err
	}
	_, err = tx.Exec("INSERT INTO events (caseid, body) VALUES (?, ?)", c.ID, string(text))
	return err
}

type unsent struct {
	pos   int64
	body  string
	tries int64
}

// sendDue sends events that nobody has taken yet.
func (b *Backend) sendDue(ctx context.Context) {
	now, _ := b.faults.get()
	if b.o.Webhook == "" || now.Down {
		return
	}
	rows, err := b.db.QueryContext(ctx, "SELECT pos, body, tries FROM events WHERE sent = 0 AND next <= ? ORDER BY pos LIMIT 100", b.o.Now().UnixMilli())
	if err != nil {
		return
	}
	var list []unsent
	for rows.Next() {
		var u unsent
		if rows.Scan(&u.pos, &u.body, &u.tries) == nil {
			list = append(list, u)
		}
	}
	rows.Close()
	for i := 0; i+1 < len(list); i++ {
		if b.faults.hit(now.OutOfOrder) {
			list[i], list[i+1] = list[i+1], list[i]
		}
	}
	for _, u := range list {
		err := b.post(ctx, []byte(u.body))
		if err == nil && b.faults.hit(now.Duplicate) {
			err = b.post(ctx, []byte(u.body))
		}
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			_, err = b.db.Exec("UPDATE events SET sent = 1 WHERE pos = ?", u.pos)
		} else {
			wait := min(time.Second<<min(u.tries, 5), 20*time.Second) / 4
			_, err = b.db.Exec("UPDATE events SET tries = tries + 1, next = ? WHERE pos = ?", b.o.Now().Add(wait).UnixMilli(), u.pos)
		}
		if err != nil {
			return // it is sent again: nobody minds
		}
	}
}

func (b *Backend) post(ctx context.Context, body []byte) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, b.o.Webhook, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Exchange-Signature", Sign(b.o.Secret, b.o.Now(), body))
	res, err := b.client.Do(r)
	if err != nil {
		return err
	}
	res.Body.Close()
	if res.StatusCode != http.StatusAccepted {
		return fmt.Errorf("the web hook answered %d", res.StatusCode)
	}
	return nil
}

// Sign gives the signature of a body.
func Sign(secret string, at time.Time, body []byte) string {
	seconds := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(seconds + "."))
	mac.Write(body)
	return "t=" + seconds + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}

func (b *Backend) listChanges(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	after, err := strconv.ParseInt("0"+q.Get("after"), 10, 64)
	limit, e := strconv.Atoi(q.Get("limit"))
	if e != nil {
		limit = 100
	}
	if err != nil || limit < 1 || limit > 500 {
		writeProblem(w, http.StatusBadRequest, "cursor", "after or limit can't be read")
		return
	}
	rows, err := b.db.QueryContext(r.Context(), "SELECT pos, body FROM events WHERE pos > ? ORDER BY pos LIMIT ?", after, limit+1)
	if err != nil {
		writeProblem(w, http.StatusServiceUnavailable, "backend.away", "the events can't be read at the moment")
		return
	}
	defer rows.Close()
	list, more := []json.RawMessage{}, false
	for rows.Next() {
		var pos int64
		var body string
		if err := rows.Scan(&pos, &body); err != nil {
			writeProblem(w, http.StatusServiceUnavailable, "backend.away", "the events can't be read at the moment")
			return
		}
		if len(list) == limit {
			more = true
			break
		}
		list, after = append(list, json.RawMessage(body)), pos
	}
	writeJSON(w, http.StatusOK, map[string]any{"events": list, "next": strconv.FormatInt(after, 10), "more": more})
}
