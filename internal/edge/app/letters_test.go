package app

import (
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
	"github.com/rapport-platform/rapport/internal/test/fixture"
)

// The letters to a person are listed without what they say, and go with him, those
// that wait to be sent among them; those to others stay.
func TestLettersToAPerson(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, fixture.Schema(t, fixture.Catalog(t)), func(t *testing.T, db *sqldb.DB) {
		now := clock.NewFake(time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC))
		dir := filepath.Join(t.TempDir(), outboxFolder)
		l := letters{db, dir}
		his := func(text string) bool { return strings.Contains(text, "<anna@example.com>") }
		if list, err := l.Of(t.Context(), his); err != nil || len(list) != 0 {
			t.Error("without a folder:", list, err)
		}
		m := &mailer{sender: mail.Address{Name: "Rapport", Address: "portal@localhost"}, clock: now}
		var files []string
		for _, to := range []string{"anna@example.com", "hanna@example.com"} {
			number := id.New()
			if err := (outbox{dir: dir}).carry(t.Context(), m.sender, mail.Address{Address: to}, number, m.message(mail.Address{Address: to}, number, "Ihr Zugang für heute", "open https://example.com/?key=secret")); err != nil {
				t.Fatal(err)
			}
			files = append(files, filepath.Join(dir, number.String()+".eml"))
		}
		if err := os.WriteFile(filepath.Join(dir, "notes.txt"), []byte("<anna@example.com>"), 0o600); err != nil {
			t.Fatal(err)
		}
		list, err := l.Of(t.Context(), his)
		if err != nil || len(list) != 1 || list[0].To != "<anna@example.com>" || list[0].Subject != "Ihr Zugang für heute" || list[0].Date == "" {
			t.Errorf("%+v %v", list, err)
		}
		anna, hanna := id.New(), id.New()
		queue := job.NewQueue(db, now)
		err = db.Write(t.Context(), func(tx *sqldb.Tx) error {
			for _, s := range []job.Spec{{Kind: letterKind, Payload: letterJob{Contact: anna}}, {Kind: letterKind, Payload: letterJob{Contact: hanna}}, {Kind: "other", Payload: letterJob{Contact: anna}}} {
				if _, err := queue.Enqueue(tx, s); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if n, err := l.Forget(t.Context(), []id.ID{anna}, his); err != nil || n != 2 {
			t.Error("forgotten:", n, err)
		}
		if n, err := l.Forget(t.Context(), []id.ID{anna}, his); err != nil || n != 0 {
			t.Error("again:", n, err)
		}
		var left int
		if _, err := db.QueryRow(t.Context(), "SELECT COUNT(*) FROM job", nil, &left); err != nil || left != 2 {
			t.Error("jobs left:", left, err)
		}
		if _, err := os.Stat(files[0]); !os.IsNotExist(err) {
			t.Error("the letter is still there:", err)
		}
		if _, err := os.Stat(files[1]); err != nil {
			t.Error("another's letter:", err)
		}
	})
}
