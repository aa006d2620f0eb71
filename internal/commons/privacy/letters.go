package privacy

import (
	"context"
	"slices"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// Letter is one that was written to a person.
type Letter struct {
	To      string `json:"to"`
	Subject string `json:"subject"`
	Date    string `json:"date"`
}

// Letters are those that the platform writes to persons: laid into a folder where
// there is no mail server, or waiting to be sent. his tells whether a text names
// the person.
type Letters interface {
	Of(ctx context.Context, his func(text string) bool) ([]Letter, error)
	Forget(ctx context.Context, contacts []id.ID, his func(text string) bool) (int, error)
}

// eraseLetters removes the letters to the person.
func (s *Service) eraseLetters(ctx context.Context, _ id.ID, w *work) error {
	if s.o.Letters == nil {
		return nil
	}
	n, err := s.o.Letters.Forget(ctx, byTable(w.Subject.Persons)["contact"], w.Subject.needles().his)
	w.Report.add("letters", "", "deleted", "", n)
	return err
}

// letters writes which letters lie in the folder for them.
func (a *archive) letters(ctx context.Context) error {
	if a.s.o.Letters == nil {
		return nil
	}
	list, err := a.s.o.Letters.Of(ctx, a.n.his)
	if err != nil {
		return err
	}
	return a.put("letters.json", "Letters to you that lie on the server", list, len(list))
}

// session is a time that a member was signed in for; what opens it is left out.
type session struct {
	From    time.Time `json:"from"`
	Seen    time.Time `json:"seen"`
	Until   time.Time `json:"until"`
	Address string    `json:"address"`
	Agent   string    `json:"agent"`
	Method  string    `json:"method"`
}

// attempt is one to sign in.
type attempt struct {
	At      time.Time `json:"at"`
	Name    string    `json:"name"`
	Address string    `json:"address"`
	Outcome string    `json:"outcome"`
}

// account writes what the sign-in knows of a contact who is a member of the
// portal: sessions and attempts. Of the password there is only its digest, which
// stays where it is.
func (a *archive) account(ctx context.Context, persons []Ref) error {
	d := a.s.o.DB.Dialect()
	p := d.Placeholder
	var sessions []session
	for _, key := range byTable(persons)["contact"] {
		contact, err := query.Encode(d, query.ID, key)
		if err != nil {
			return err
		}
		err = a.rows(ctx, "SELECT createdon, seenon, expireson, address, agent, method FROM membersession WHERE contactid = "+p(1)+" ORDER BY createdon", []any{contact}, 3, func(at []time.Time, texts []string) {
			sessions = append(sessions, session{at[0], at[1], at[2], texts[0], texts[1], texts[2]})
		})
		if err != nil {
			return err
		}
	}
	if err := a.put("sessions.json", "When and from where you were signed in", sessions, len(sessions)); err != nil {
		return err
	}
	find := like(d, "username", a.n.emails)
	if find.text == "" {
		return nil
	}
	var attempts []attempt
	err := a.rows(ctx, "SELECT at, username, address, outcome FROM signin WHERE "+find.text+" ORDER BY at", find.args, 1, func(at []time.Time, texts []string) {
		if a.n.holds(texts[0]) {
			attempts = append(attempts, attempt{at[0], texts[0], texts[1], texts[2]})
		}
	})
	if err != nil {
		return err
	}
	return a.put("signins.json", "Attempts to sign in with your address", attempts, len(attempts))
}

// rows gives rows of moments and, behind them, texts.
func (a *archive) rows(ctx context.Context, text string, args []any, moments int, see func(at []time.Time, texts []string)) error {
	rows, err := a.s.o.DB.Query(ctx, text, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	raw, texts := make([]any, moments), make([]string, len(columns)-moments)
	var into []any
	for i := range raw {
		into = append(into, &raw[i])
	}
	for i := range texts {
		into = append(into, &texts[i])
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		at := make([]time.Time, moments)
		for i, v := range raw {
			moment, err := query.Decode(a.s.o.DB.Dialect(), query.Time, 0, v)
			if err != nil {
				return err
			}
			at[i], _ = moment.(time.Time)
		}
		see(at, slices.Clone(texts))
	}
	return rows.Err()
}
