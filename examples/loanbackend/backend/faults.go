package backend

import (
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"
)

// Faults are what goes wrong; the numbers are chances from 0 to 1.
type Faults struct {
	Slow       string  `json:"slow"` // how long an answer takes
	Error      float64 `json:"error"`
	LostAnswer float64 `json:"lostanswer"`
	Nonsense   float64 `json:"nonsense"`
	Duplicate  float64 `json:"duplicate"`
	OutOfOrder float64 `json:"outoforder"`
	Lies       float64 `json:"lies"`
	Down       bool    `json:"down"`
}

type faults struct {
	mu   sync.Mutex
	now  Faults
	slow time.Duration
	dice *rand.Rand
}

func newFaults(seed uint64) *faults {
	if seed == 0 {
		seed = rand.Uint64()
	}
	return &faults{dice: rand.New(rand.NewPCG(seed, 1))}
}

func (f *faults) get() (Faults, time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now, f.slow
}

// hit throws the dice.
func (f *faults) hit(chance float64) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return chance > 0 && f.dice.Float64() < chance
}

// Set switches faults on and off.
func (b *Backend) Set(to Faults) error {
	var slow time.Duration
	if to.Slow != "" {
		var err error
		if slow, err = time.ParseDuration(to.Slow); err != nil {
			return err
		}
	}
	b.faults.mu.Lock()
	b.faults.now, b.faults.slow = to, slow
	b.faults.mu.Unlock()
	b.nudge()
	return nil
}

// misbehave drops connections, waits and fails as the faults say; next does the work.
func (b *Backend) misbehave(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		now, slow := b.faults.get()
		if now.Down {
			panic(http.ErrAbortHandler) // the connection goes without an answer
		}
		if slow > 0 {
			select {
			case <-time.After(slow):
			case <-r.Context().Done():
				return
			}
		}
		if b.faults.hit(now.Error) {
			writeProblem(w, http.StatusInternalServerError, "backend.broken", "something went wrong")
			return
		}
		if b.faults.hit(now.LostAnswer) {
			next.ServeHTTP(silence{http.Header{}}, r)
			panic(http.ErrAbortHandler)
		}
		if r.Method != http.MethodGet && b.faults.hit(now.Nonsense) {
			next.ServeHTTP(silence{http.Header{}}, r)
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(`{"id": 7, "moon": "cheese"}`)) // who reads it is not our concern
			return
		}
		next.ServeHTTP(w, r)
	})
}

// silence is an answer that nobody gets.
type silence struct{ h http.Header }

func (s silence) Header() http.Header         { return s.h }
func (s silence) Write(p []byte) (int, error) { return len(p), nil }
func (s silence) WriteHeader(int)             {}

func (b *Backend) admin(mux *http.ServeMux) {
	mux.HandleFunc("GET /admin/faults", func(w http.ResponseWriter, _ *http.Request) {
		now, _ := b.faults.get()
		writeJSON(w, http.StatusOK, now)
	})
	mux.HandleFunc("PUT /admin/faults", func(w http.ResponseWriter, r *http.Request) {
		var to Faults
		d := json.NewDecoder(http.MaxBytesReader(w, r.Body, 10_000))
		d.DisallowUnknownFields()
		if err := d.Decode(&to); err != nil || b.Set(to) != nil {
			writeProblem(w, http.StatusBadRequest, "admin.faults", "these are no faults")
			return
		}
		writeJSON(w, http.StatusOK, to)
	})
	mux.HandleFunc("GET /admin/cases", func(w http.ResponseWriter, _ *http.Request) {
		all, err := b.Cases()
		if err != nil {
			writeProblem(w, http.StatusInternalServerError, "admin.read", "the cases can't be read")
			return
		}
		writeJSON(w, http.StatusOK, all)
	})
	mux.HandleFunc("DELETE /admin/cases/{id}/parts/{part}", func(w http.ResponseWriter, r *http.Request) {
		if err := b.Remove(r.Context(), r.PathValue("id"), r.PathValue("part")); err != nil {
			writeProblem(w, http.StatusNotFound, "admin.part", err.Error())
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("GET /admin/state", func(w http.ResponseWriter, _ *http.Request) {
		s, err := b.State()
		if err != nil {
			writeProblem(w, http.StatusInternalServerError, "admin.read", "the state can't be read")
			return
		}
		writeJSON(w, http.StatusOK, s)
	})
}

// State is how much has been done.
type State struct {
	Cases    int64            `json:"cases"`
	Events   int64            `json:"events"`
	Unsent   int64            `json:"unsent"`
	Deciding int64            `json:"deciding"`
	Counts   map[string]int64 `json:"counts"` // done, repeated, effect:<key> …
}

// State tells how much has been done.
func (b *Backend) State() (State, error) {
	s := State{Counts: map[string]int64{}}
	err := b.db.QueryRow("SELECT (SELECT count(*) FROM cases), (SELECT count(*) FROM events), (SELECT count(*) FROM events WHERE sent = 0), (SELECT count(*) FROM cases WHERE due > 0)").Scan(&s.Cases, &s.Events, &s.Unsent, &s.Deciding)
	if err != nil {
		return s, err
	}
	if b.o.Webhook == "" {
		s.Unsent = 0 // they are asked for
	}
	rows, err := b.db.Query("SELECT name, n FROM counts")
	if err != nil {
		return s, err
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		var n int64
		if err := rows.Scan(&name, &n); err != nil {
			return s, err
		}
		s.Counts[name] = n
	}
	return s, rows.Err()
}

// Cases lists all cases.
func (b *Backend) Cases() ([]Case, error) {
	rows, err := b.db.Query("SELECT body FROM cases ORDER BY id")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := []Case{}
	for rows.Next() {
		var text string
		var c Case
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		if err := json.Unmarshal([]byte(text), &c); err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, rows.Err()
}
