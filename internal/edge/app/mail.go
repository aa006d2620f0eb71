package app

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"mime"
	"net"
	"net/mail"
	"net/smtp"
	"net/url"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/lifecycle"
	"github.com/rapport-platform/rapport/internal/platform/auth"
)

// mailer sends members their links, one after the other, so that nobody who asks
// for one waits for a mail server. Links live for minutes: what can't be sent
// soon is given up, and the member asks again.
type mailer struct {
	server *url.URL // smtp://name:password@host:587, or smtps:// where TLS comes first
	sender mail.Address
	site   string // address of the portal, to which links lead
	clock  clock.Clock
	logger *slog.Logger
	queue  chan auth.MemberLetter
	loop   lifecycle.Loop
}

const (
	mailWaiting = 200 // letters
	mailWait    = 30 * time.Second
)

// newMailer reads where mail goes; nil where none is sent. Links lead to the
// address that is set and never to one that a request names.
func newMailer(c Config) (*mailer, error) {
	if c.SMTP == "" {
		return nil, nil
	}
	bad := errs.New(errs.Invalid, "app.smtp", "to send e-mail set RAPPORT_SMTP (smtp://name:password@host:587), RAPPORT_MAIL_FROM (an address) and RAPPORT_URL (https://…)")
	server, err := url.Parse(c.SMTP)
	if err != nil || server.Host == "" || server.Scheme != "smtp" && server.Scheme != "smtps" {
		return nil, bad
	}
	sender, err := mail.ParseAddress(c.MailFrom)
	if err != nil {
		return nil, bad
	}
	site, err := url.Parse(c.URL)
	if err != nil || site.Host == "" || site.Scheme != "https" && site.Scheme != "http" {
		return nil, bad
	}
	m := &mailer{server: server, sender: *sender, site: strings.TrimSuffix(site.String(), "/"), clock: c.Clock, logger: c.Logger, queue: make(chan auth.MemberLetter, mailWaiting)}
	m.loop.Run = m.run
	return m, nil
}

// Send hands a letter on. When more wait than can be sent, it is dropped.
func (m *mailer) Send(l auth.MemberLetter) {
	select {
	case m.queue <- l:
	default:
		m.logger.Warn("e-mail: too many letters wait, one was dropped", "contact", l.Contact)
	}
}

// Start begins sending.
func (m *mailer) Start(ctx context.Context) error { return m.loop.Start(ctx) }

// Stop ends it.
func (m *mailer) Stop(ctx context.Context) error { return m.loop.Stop(ctx) }

func (m *mailer) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case l := <-m.queue:
			if err := m.deliver(ctx, l); err != nil {
				m.logger.Error("e-mail: a member's link could not be sent", "contact", l.Contact, "error", err)
			}
		}
	}
}

// message writes the letter. Whatever stands in a record, no line of the head
// can be added to.
func (m *mailer) message(l auth.MemberLetter, to mail.Address) []byte {
	link := m.site + "/portal/signin#" + l.Secret
	head := [][2]string{{"From", m.sender.String()}, {"To", to.String()}, {"Subject", mime.QEncoding.Encode("utf-8", "Your link to sign in")},
		{"Date", m.clock.Now().Format(time.RFC1123Z)}, {"Message-ID", "<" + id.New().String() + "@" + m.server.Hostname() + ">"},
		{"MIME-Version", "1.0"}, {"Content-Type", "text/plain; charset=utf-8"}, {"Content-Transfer-Encoding", "8bit"}, {"Auto-Submitted", "auto-generated"}}
	var b strings.Builder
	for _, h := range head {
		b.WriteString(h[0] + ": " + h[1] + "\r\n")
	}
	b.WriteString("\r\nWith this link you sign in. It works once, until " + l.Expires.UTC().Format("15:04 UTC") + ":\r\n\r\n" + link + "\r\n\r\nIf you did not ask for it, nobody has signed in: leave this letter.\r\n")
	return []byte(b.String())
}

func (m *mailer) deliver(ctx context.Context, l auth.MemberLetter) error {
	to, err := mail.ParseAddress(l.Email)
	if err != nil {
		return fmt.Errorf("the contact's address: %w", err)
	}
	ctx, stop := context.WithTimeout(ctx, mailWait)
	defer stop()
	host := m.server.Hostname()
	port := m.server.Port()
	dialer := &net.Dialer{}
	var conn net.Conn
	if m.server.Scheme == "smtps" {
		conn, err = (&tls.Dialer{NetDialer: dialer, Config: &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}}).DialContext(ctx, "tcp", net.JoinHostPort(host, orPort(port, "465")))
	} else {
		conn, err = dialer.DialContext(ctx, "tcp", net.JoinHostPort(host, orPort(port, "587")))
	}
	if err != nil {
		return err
	}
	defer conn.Close()
	if until, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(until); err != nil {
			return err
		}
	}
	c, err := smtp.NewClient(conn, host)
	if err != nil {
		return err
	}
	defer c.Close()
	if ok, _ := c.Extension("STARTTLS"); ok && m.server.Scheme == "smtp" {
		if err := c.StartTLS(&tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}); err != nil {
			return err
		}
	}
	if m.server.User != nil {
		password, _ := m.server.User.Password()
		if err := c.Auth(smtp.PlainAuth("", m.server.User.Username(), password, host)); err != nil {
			return err // it refuses to send a password over a line that is not encrypted
		}
	}
	if err := c.Mail(m.sender.Address); err != nil {
		return err
	}
	if err := c.Rcpt(to.Address); err != nil {
		return err
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write(m.message(l, mail.Address{Address: to.Address})); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	return c.Quit()
}

func orPort(port, def string) string {
	if port == "" {
		return def
	}
	return port
}
