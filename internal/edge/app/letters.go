package app

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"mime"
	"net/mail"
	"os"
	"path/filepath"
	"strings"

	"github.com/rapport-platform/rapport/internal/commons/privacy"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
)

// letterMost is how much of a letter in the outbox is read, in bytes; ours are far shorter.
const letterMost = 1 << 20

// letters are what privacy finds of the letters to a person.
type letters struct {
	db  *sqldb.DB
	dir string // the outbox; it may be missing
}

// Of lists the letters in the outbox to a person: not what they say, as it may
// open something still.
func (l letters) Of(ctx context.Context, his func(string) bool) (out []privacy.Letter, err error) {
	err = l.each(ctx, his, func(_ string, m *mail.Message) error {
		out = append(out, privacy.Letter{To: header(m, "To"), Subject: header(m, "Subject"), Date: m.Header.Get("Date")})
		return nil
	})
	return out, err
}

// Forget removes them, and those to some contacts that wait to be sent.
func (l letters) Forget(ctx context.Context, contacts []id.ID, his func(string) bool) (n int, err error) {
	p := l.db.Dialect().Placeholder
	for _, contact := range contacts {
		err := l.db.Write(ctx, func(tx *sqldb.Tx) error {
			gone, err := tx.Exec("DELETE FROM job WHERE kind = "+p(1)+" AND payload LIKE "+p(2), letterKind, "%\""+contact.String()+"\"%")
			if err == nil {
				n += int(gone)
			}
			return err
		})
		if err != nil {
			return n, err
		}
	}
	err = l.each(ctx, his, func(path string, _ *mail.Message) error {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		n++
		return nil
	})
	return n, err
}

// each gives the letters of the outbox that are to a person or name him.
func (l letters) each(ctx context.Context, his func(string) bool, see func(path string, m *mail.Message) error) error {
	list, err := os.ReadDir(l.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range list {
		if err := ctx.Err(); err != nil {
			return err
		}
		if !e.Type().IsRegular() || filepath.Ext(e.Name()) != ".eml" {
			continue
		}
		path := filepath.Join(l.dir, e.Name())
		m, text, err := readLetter(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if his(text) || his(header(m, "To")) {
			if err := see(path, m); err != nil {
				return err
			}
		}
	}
	return nil
}

// readLetter reads a letter; one without a head that can be read has an empty one.
func readLetter(path string) (*mail.Message, string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, letterMost))
	if err != nil {
		return nil, "", err
	}
	m, err := mail.ReadMessage(bytes.NewReader(text))
	if err != nil {
		m = &mail.Message{Header: mail.Header{}, Body: strings.NewReader("")}
	}
	return m, string(text), nil
}

// header gives a line of a letter's head as people read it.
func header(m *mail.Message, name string) string {
	text := m.Header.Get(name)
	if out, err := new(mime.WordDecoder).DecodeHeader(text); err == nil {
		return out
	}
	return text
}
