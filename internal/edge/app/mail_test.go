package app

import (
	"bufio"
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/secret"
)

func TestMailerWantsAllOfItsSettings(t *testing.T) {
	t.Parallel()
	good := Config{SMTP: "smtp://mail.example.com:587", MailFrom: "Portal <portal@example.com>", URL: "https://portal.example.com/"}
	own := func() string { return "http://127.0.0.1:8080" }
	if m, err := newMailer(good, own); err != nil || m.site() != "https://portal.example.com" {
		t.Errorf("%v, %v", m, err)
	}
	m, err := newMailer(Config{Data: "folder"}, own)
	if err != nil || m.site() != own() || m.carrier != (outbox{dir: filepath.Join("folder", "outbox")}) {
		t.Errorf("without a server letters go into the outbox: %v, %v", m, err)
	}
	for what, spoil := range map[string]func(*Config){
		"no sender": func(c *Config) { c.MailFrom = "" }, "two senders": func(c *Config) { c.MailFrom = "a@example.com\r\nBcc: b@example.com" },
		"no address": func(c *Config) { c.URL = "" }, "another scheme": func(c *Config) { c.URL = "javascript:alert(1)" }, "http server": func(c *Config) { c.SMTP = "http://mail.example.com" },
	} {
		c := good
		spoil(&c)
		if _, err := newMailer(c, own); errs.CodeOf(err) != "app.smtp" {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// A real exchange with a mail server of a few lines: what it is told, line by line.
func TestMailerSends(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	heard := make(chan []string, 1)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			heard <- nil
			return
		}
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(time.Minute))
		say := func(s string) { _, _ = conn.Write([]byte(s + "\r\n")) }
		say("220 ready")
		var lines []string
		data := false
		for scan := bufio.NewScanner(conn); scan.Scan(); {
			line := scan.Text()
			lines = append(lines, line)
			switch {
			case data && line == ".":
				data = false
				say("250 taken")
			case data:
			case strings.HasPrefix(line, "DATA"):
				data = true
				say("354 go on")
			case strings.HasPrefix(line, "QUIT"):
				say("221 bye")
				heard <- lines
				return
			default:
				say("250 fine")
			}
		}
		heard <- lines
	}()
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	m, err := newMailer(Config{SMTP: "smtp://" + l.Addr().String(), MailFrom: "portal@example.com", URL: "https://portal.example.com", Clock: clock.NewFake(now), Logger: slog.New(slog.DiscardHandler)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if m.secrets, err = secret.Open(t.TempDir(), ""); err != nil {
		t.Fatal(err)
	}
	sealed := func(l linkLetter) letterJob {
		text, err := json.Marshal(l)
		if err != nil {
			t.Fatal(err)
		}
		return letterJob{Sealed: m.secrets.Seal(letterPlace, text), At: now}
	}
	number := id.New()
	if err := m.send(t.Context(), number, sealed(linkLetter{Email: "mia@example.com", Name: "Mia\r\nBcc: all@example.com", Secret: "rpc_secret", Next: "/member/r/lead/x", Language: "en", Expires: now.Add(20 * time.Minute)})); err != nil {
		t.Fatal(err)
	}
	text := strings.Join(<-heard, "\n")
	for _, want := range []string{"MAIL FROM:<portal@example.com>", "RCPT TO:<mia@example.com>", "To: <mia@example.com>", "https://portal.example.com/member/open?key=rpc_secret&next=%2Fmember%2Fr%2Flead%2Fx", "until 09:20 UTC", number.String()} {
		if !strings.Contains(text, want) {
			t.Errorf("the server was not told %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "Bcc:") {
		t.Errorf("a name adds a line:\n%s", text)
	}
	// An address that would add a line to the head, or a second receiver, is refused for good.
	for _, email := range []string{"mia@example.com\r\nBcc: all@example.com", "mia@example.com, all@example.com", "<mia@example.com>\nX: y"} {
		if err := m.send(t.Context(), id.New(), sealed(linkLetter{Email: email, Secret: "x", Expires: now.Add(time.Minute)})); errs.CodeOf(err) != "app.letter_address" {
			t.Errorf("%q: %v", email, err)
		}
	}
	// Nobody listens any more: the letter is to be tried again, without an end.
	l.Close()
	err = m.send(t.Context(), id.New(), sealed(linkLetter{Email: "mia@example.com", Secret: "x", Expires: now.Add(time.Minute)}))
	if !errs.Has(err, errs.Unavailable) {
		t.Errorf("without a server: %v", err)
	}
	// A letter to nobody and a link that is over are not sent, and are done with.
	for _, l := range []linkLetter{{Expires: now.Add(time.Minute)}, {Email: "mia@example.com", Expires: now.Add(-time.Minute)}} {
		if err := m.send(t.Context(), id.New(), sealed(l)); err != nil {
			t.Errorf("%+v: %v", l, err)
		}
	}
	// What waits in the database opens nothing.
	waiting, err := json.Marshal(sealed(linkLetter{Email: "mia@example.com", Secret: "rpc_secret"}))
	if err != nil || strings.Contains(string(waiting), "rpc_secret") || strings.Contains(string(waiting), "mia@") {
		t.Errorf("%s, %v", waiting, err)
	}
}

// Letters of the staff say that there is a message, and nothing of it. The same
// letter, carried twice, is one file.
func TestOutbox(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	fake := clock.NewFake(now)
	m, err := newMailer(Config{Data: dir, Clock: fake, Logger: slog.New(slog.DiscardHandler)}, func() string { return "http://127.0.0.1:8080" })
	if err != nil {
		t.Fatal(err)
	}
	mia, gone := id.New(), id.New()
	m.address = func(_ context.Context, contact id.ID) (string, string, error) {
		return map[id.ID]string{mia: "mia@example.com"}[contact], "de", nil
	}
	number := id.New()
	for range 2 {
		if err := m.send(t.Context(), number, letterJob{Contact: mia, Path: "/member/r/lead/1", At: now}); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.send(t.Context(), id.New(), letterJob{Contact: gone, Path: "/member/r/lead/1", At: now}); err != nil {
		t.Fatal(err)
	}
	list, err := filepath.Glob(filepath.Join(dir, outboxFolder, "*.eml"))
	if err != nil || len(list) != 1 {
		t.Fatalf("%v, %v", list, err)
	}
	text, err := os.ReadFile(list[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"To: <mia@example.com>", "es gibt eine Nachricht", "http://127.0.0.1:8080/member/r/lead/1", "From: \"Rapport\" <portal@localhost>"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	fake.Advance(letterTries + time.Hour)
	if err := m.send(t.Context(), id.New(), letterJob{Contact: mia, At: now}); errs.CodeOf(err) != "app.letter_late" {
		t.Errorf("a letter that is too old: %v", err)
	}
}
