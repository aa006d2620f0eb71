package app

import (
	"bufio"
	"log/slog"
	"net"
	"net/mail"
	"strings"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/auth"
)

func TestMailerWantsAllOfItsSettings(t *testing.T) {
	t.Parallel()
	good := Config{SMTP: "smtp://mail.example.com:587", MailFrom: "Portal <portal@example.com>", URL: "https://portal.example.com/"}
	if m, err := newMailer(good); err != nil || m.site != "https://portal.example.com" {
		t.Errorf("%v, %v", m, err)
	}
	if m, err := newMailer(Config{}); m != nil || err != nil {
		t.Errorf("without a server: %v, %v", m, err)
	}
	for what, spoil := range map[string]func(*Config){
		"no sender": func(c *Config) { c.MailFrom = "" }, "two senders": func(c *Config) { c.MailFrom = "a@example.com\r\nBcc: b@example.com" },
		"no address": func(c *Config) { c.URL = "" }, "another scheme": func(c *Config) { c.URL = "javascript:alert(1)" }, "http server": func(c *Config) { c.SMTP = "http://mail.example.com" },
	} {
		c := good
		spoil(&c)
		if _, err := newMailer(c); errs.CodeOf(err) != "app.smtp" {
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
	m, err := newMailer(Config{SMTP: "smtp://" + l.Addr().String(), MailFrom: "portal@example.com", URL: "https://portal.example.com", Clock: clock.NewFake(now), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.deliver(t.Context(), auth.MemberLetter{Email: "mia@example.com", Secret: "rpc_secret", Expires: now.Add(20 * time.Minute)}); err != nil {
		t.Fatal(err)
	}
	text := strings.Join(<-heard, "\n")
	for _, want := range []string{"MAIL FROM:<portal@example.com>", "RCPT TO:<mia@example.com>", "To: <mia@example.com>", "https://portal.example.com/portal/signin#rpc_secret", "until 09:20 UTC"} {
		if !strings.Contains(text, want) {
			t.Errorf("the server was not told %q:\n%s", want, text)
		}
	}
	// An address that would add a line to the head, or a second receiver, is refused.
	for _, email := range []string{"mia@example.com\r\nBcc: all@example.com", "mia@example.com, all@example.com", "<mia@example.com>\nX: y"} {
		if err := m.deliver(t.Context(), auth.MemberLetter{Email: email, Secret: "x"}); err == nil {
			t.Errorf("%q was sent", email)
		}
	}
	head := string(m.message(auth.MemberLetter{Secret: "s"}, mail.Address{Name: "Mia\r\nBcc: all@example.com", Address: "mia@example.com"}))
	if strings.Contains(head, "\nBcc:") {
		t.Errorf("a name adds a line:\n%s", head)
	}
}
