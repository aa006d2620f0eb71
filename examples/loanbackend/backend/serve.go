package backend

import (
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

const (
	mostJSON    = 1 << 20
	mostContent = 25 << 20
)

// failure is an answer that is no success.
type failure struct {
	status int
	code   string
	why    string
}

func (f failure) Error() string { return f.why }

// Handler serves the contract and the administration.
func (b *Backend) Handler() http.Handler {
	work := http.NewServeMux()
	work.HandleFunc("GET /cases/{id}", b.getCase)
	work.HandleFunc("PUT /cases/{id}", b.doing(mostJSON, b.putCase))
	work.HandleFunc("PATCH /cases/{id}", b.doing(mostJSON, b.patchFields))
	work.HandleFunc("PUT /cases/{id}/status", b.doing(mostJSON, b.putStatus))
	work.HandleFunc("POST /cases/{id}/notes", b.doing(mostJSON, b.addNote))
	work.HandleFunc("POST /cases/{id}/documents", b.doing(mostJSON, b.addDocument))
	work.HandleFunc("PUT /cases/{id}/documents/{doc}/content", b.doing(mostContent, b.putContent))
	work.HandleFunc("GET /cases/{id}/documents/{doc}/content", b.getContent)
	work.HandleFunc("DELETE /cases/{id}/notes/{doc}", b.doing(mostJSON, b.removeNote))
	work.HandleFunc("DELETE /cases/{id}/documents/{doc}", b.doing(mostJSON, b.removeDocument))
	work.HandleFunc("GET /changes", b.listChanges)
	mux := http.NewServeMux()
	b.admin(mux)
	mux.Handle("/", b.misbehave(b.signedIn(work)))
	return mux
}

func (b *Backend) signedIn(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if b.o.Token != "" && subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), []byte("Bearer "+b.o.Token)) != 1 {
			writeProblem(w, http.StatusUnauthorized, "token", "the token is missing or wrong")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// request is a change that a caller asks for.
type request struct {
	id, doc string
	match   string // If-Match
	body    []byte
	number  int64
}

// doing makes a handler of a change: once by its key, in one transaction with the
// memory of the key.
func (b *Backend) doing(most int64, do func(tx *sql.Tx, q request, c *Case) (*Case, int, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
		if err != nil {
			writeProblem(w, http.StatusRequestEntityTooLarge, "too_large", "the body can't be read, or is too large")
			return
		}
		key := r.Header.Get("Idempotency-Key")
		number, err := strconv.ParseInt(r.Header.Get("Exchange-Sequence"), 10, 64)
		if len(key) < 8 || len(key) > 100 || err != nil || number < 1 {
			writeProblem(w, http.StatusBadRequest, "headers", "Idempotency-Key and Exchange-Sequence are needed")
			return
		}
		q := request{r.PathValue("id"), r.PathValue("doc"), r.Header.Get("If-Match"), body, number}
		status, answer, version := 0, "", int64(0)
		hash := sha256.Sum256(append([]byte(r.Method+" "+r.URL.Path+"\n"), body...))
		err = b.change(r.Context(), func(tx *sql.Tx) error {
			var known string
			err := tx.QueryRow("SELECT hash, status, answer FROM keys WHERE key = ?", key).Scan(&known, &status, &answer)
			if err == nil {
				if known != hex.EncodeToString(hash[:]) {
					return failure{http.StatusUnprocessableEntity, "idempotency.reused", "the key was used for something else"}
				}
				return count(tx, "repeated")
			}
			if !errors.Is(err, sql.ErrNoRows) {
				return err
			}
			c, err := read(tx, q.id)
			if err != nil {
				return err
			}
			if c != nil && number <= c.LastOut { // the keys of all that was done are known
				return failure{http.StatusConflict, "sequence", fmt.Sprintf("number %d comes after %d", number, c.LastOut)}
			}
			c, status, err = do(tx, q, c)
			if err != nil {
				return err
			}
			c.LastOut = number
			if err := save(tx, c); err != nil {
				return err
			}
			version = c.Version
			text, err := json.Marshal(c)
			if err != nil {
				return err
			}
			answer = string(text)
			if _, err := tx.Exec("INSERT INTO keys (key, hash, status, answer) VALUES (?, ?, ?, ?)", key, hex.EncodeToString(hash[:]), status, answer); err != nil {
				return err
			}
			return count(tx, "done")
		})
		var f failure
		switch {
		case errors.As(err, &f):
			writeProblem(w, f.status, f.code, f.why)
			return
		case err != nil:
			writeProblem(w, http.StatusServiceUnavailable, "backend.away", "the case can't be kept at the moment")
			return
		}
		b.nudge()
		if version > 0 {
			w.Header().Set("ETag", fmt.Sprintf("%q", strconv.FormatInt(version, 10)))
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer) // who asked may have gone
	}
}

func (b *Backend) getCase(w http.ResponseWriter, r *http.Request) {
	c, err := read(b.db, r.PathValue("id"))
	switch {
	case err != nil:
		writeProblem(w, http.StatusServiceUnavailable, "backend.away", "the case can't be read at the moment")
	case c == nil:
		writeProblem(w, http.StatusNotFound, "case.unknown", "there is no such case")
	default:
		w.Header().Set("ETag", fmt.Sprintf("%q", strconv.FormatInt(c.Version, 10)))
		writeJSON(w, http.StatusOK, c)
	}
}

func (b *Backend) getContent(w http.ResponseWriter, r *http.Request) {
	var body []byte
	err := b.db.QueryRow("SELECT body FROM contents WHERE caseid = ? AND docid = ?", r.PathValue("id"), r.PathValue("doc")).Scan(&body)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		writeProblem(w, http.StatusNotFound, "document.unknown", "there is no such content")
	case err != nil:
		writeProblem(w, http.StatusServiceUnavailable, "backend.away", "the content can't be read at the moment")
	default:
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		_, _ = w.Write(body)
	}
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func writeProblem(w http.ResponseWriter, status int, code, why string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"type": "about:blank", "title": strings.ToUpper(why[:1]) + why[1:], "status": status, "code": code})
}
