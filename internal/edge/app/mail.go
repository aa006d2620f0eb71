package app

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"log/slog"
	"mime"
	"net"
	"net/mail"
	"net/smtp"
	"net/textproto"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/capability/memberarea"
	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/diskfile"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/secret"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/auth"
	"github.com/rapport-platform/rapport/internal/platform/job"
)

// mailer sends letters to members, and to users who have forgotten their password. A letter is a job that is written in the
// transaction that causes it, so none is lost: while the mail server is away it
// is tried again, until the letter is of no use any more. Where no mail server is
// set, letters are laid into the outbox, a folder below the data folder.
type mailer struct {
	carrier
	sender  mail.Address
	site    func() string // address of the portal, to which links lead, without a slash at its end
	clock   clock.Clock
	logger  *slog.Logger
	secrets *secret.Box
	jobs    *job.Queue
	brand   func() memberarea.Brand // nil: the product's own
	named   bool                    // the sender has a name of its own
	// address gives where a contact gets its letters and in which language; "" where
	// it gets none.
	address func(ctx context.Context, contact id.ID) (email, lang string, err error)
}

// carrier takes a letter to where it is sent from. The same letter may be carried
// twice where the program ends in between; its number then is the same.
type carrier interface {
	carry(ctx context.Context, from, to mail.Address, number id.ID, message []byte) error
}

// letterKind is the kind of the jobs.
const letterKind = "letter"

const (
	mailWait    = 30 * time.Second
	letterTries = 3 * 24 * time.Hour // how long a letter without an end of its own is tried
	letterPlace = "letter"           // under which what is in a letter is sealed
)

// outboxFolder holds the letters where no mail server is set, below the data folder.
const outboxFolder = "outbox"

// letterJob is what waits to be sent. What opens something is sealed: whoever
// reads the database must not come in by it.
type letterJob struct {
	Sealed  string    `json:"sealed,omitempty"` // linkLetter
	Contact id.ID     `json:"contact"`
	Path    string    `json:"path,omitempty"` // page that the letter leads to
	At      time.Time `json:"at"`
}

// linkLetter is a link to sign in; without an Email it is to nobody.
type linkLetter struct {
	Name, Email, Secret, Language, Next string
	Kind                                auth.LetterKind
	Expires                             time.Time
}

// newMailer reads how letters go out. Links lead to the address that is set and
// never to one that a request names.
func newMailer(c Config, own func() string) (*mailer, error) {
	m := &mailer{clock: c.Clock, logger: c.Logger, site: func() string { return strings.TrimSuffix(own(), "/") }, sender: mail.Address{Name: "Rapport", Address: "portal@localhost"}}
	bad := errs.New(errs.Invalid, "app.smtp", "to send e-mail set RAPPORT_SMTP (smtp://name:password@host:587), RAPPORT_MAIL_FROM (an address) and RAPPORT_URL (https://…)")
	if c.URL != "" || c.SMTP != "" {
		site, err := url.Parse(c.URL)
		if err != nil || site.Host == "" || site.Scheme != "https" && site.Scheme != "http" {
			return nil, bad
		}
		m.site = func() string { return strings.TrimSuffix(site.String(), "/") }
	}
	if c.MailFrom != "" || c.SMTP != "" {
		sender, err := mail.ParseAddress(c.MailFrom)
		if err != nil {
			return nil, bad
		}
		m.sender, m.named = *sender, sender.Name != ""
	}
	if c.SMTP == "" {
		m.carrier = outbox{dir: filepath.Join(c.Data, outboxFolder)}
		return m, nil
	}
	server, err := url.Parse(c.SMTP)
	if err != nil || server.Host == "" || server.Scheme != "smtp" && server.Scheme != "smtps" {
		return nil, bad
	}
	m.carrier = mailServer{server}
	return m, nil
}

// Link queues the letter with a link to sign in. It satisfies auth.PostLetter.
func (m *mailer) Link(tx *sqldb.Tx, l auth.MemberLetter) error {
	text, err := json.Marshal(linkLetter{l.Name, l.Email, l.Secret, l.Language, l.Next, l.Kind, l.Expires})
	if err != nil {
		return err
	}
	_, err = m.jobs.Enqueue(tx, job.Spec{Kind: letterKind, Payload: letterJob{Sealed: m.secrets.Seal(letterPlace, text), Contact: l.Contact, At: m.clock.Now()}})
	return err
}

// Tell queues the letter that says that there is a message. It satisfies memberarea.Letters.
func (m *mailer) Tell(tx *sqldb.Tx, contact id.ID, path string) error {
	_, err := m.jobs.Enqueue(tx, job.Spec{Kind: letterKind, Payload: letterJob{Contact: contact, Path: path, At: m.clock.Now()}})
	return err
}

// Handler sends letters.
func (m *mailer) Handler() job.Handler {
	return job.Handler{Run: func(ctx context.Context, j *job.Job) error {
		var l letterJob
		if err := json.Unmarshal(j.Payload, &l); err != nil {
			return job.Permanent(errs.Wrap(err, errs.Internal, "app.letter", "the letter can't be read"))
		}
		return m.send(ctx, j.ID, l)
	}}
}

func (m *mailer) send(ctx context.Context, number id.ID, l letterJob) error {
	to, subject, body, until, err := m.write(ctx, l)
	if err != nil || to == "" {
		return err
	}
	if m.clock.Now().After(until) {
		if l.Sealed != "" {
			m.logger.Warn("e-mail: a link is over before its letter could be sent", "contact", l.Contact)
			return nil // whoever asked for it asks again
		}
		return job.Permanent(errs.New(errs.Unavailable, "app.letter_late", "the letter could not be sent for %s", letterTries))
	}
	address, err := mail.ParseAddress(to)
	if err != nil {
		return job.Permanent(errs.Wrap(err, errs.Invalid, "app.letter_address", "the contact's address can't be written to"))
	}
	address.Name = ""
	err = m.carry(ctx, m.from(), *address, number, m.message(*address, number, subject, body))
	if refused, ok := errors.AsType[*textproto.Error](err); ok && refused.Code >= 500 {
		return job.Permanent(errs.Wrap(err, errs.Invalid, "app.letter_refused", "the mail server refuses the letter"))
	}
	if err != nil {
		return errs.Wrap(err, errs.Unavailable, "app.letter_away", "the letter could not be sent") // tried again, and not counted
	}
	return nil
}

// write gives what a letter says, and until when it is of use; to is "" where
// there is nobody to write to.
func (m *mailer) write(ctx context.Context, l letterJob) (to, subject, body string, until time.Time, err error) {
	if l.Sealed == "" {
		email, lang, err := m.address(ctx, l.Contact)
		if err != nil || email == "" {
			return "", "", "", until, err
		}
		subject, body = m.branded().MessageLetter(lang, m.site()+l.Path)
		return email, subject, body, l.At.Add(letterTries), nil
	}
	text, err := m.secrets.Unseal(letterPlace, l.Sealed)
	if err != nil {
		return "", "", "", until, job.Permanent(err)
	}
	var link linkLetter
	if err := json.Unmarshal(text, &link); err != nil {
		return "", "", "", until, job.Permanent(err)
	}
	to = link.Email
	switch link.Kind {
	case auth.LetterMove:
		subject, body = m.branded().MoveLetter(link.Language, m.site()+"/member/move?key="+url.QueryEscape(link.Secret), link.Expires)
		return to, subject, body, link.Expires, nil
	case auth.LetterMoved:
		subject, body = m.branded().MovedLetter(link.Language, l.At)
		return to, subject, body, l.At.Add(letterTries), nil
	case auth.LetterReset:
		subject, body = m.branded().ResetLetter(link.Language, m.site()+"/reset#"+link.Secret, link.Expires)
		return to, subject, body, link.Expires, nil
	}
	address := m.site() + "/member/open?key=" + url.QueryEscape(link.Secret)
	if link.Next != "" {
		address += "&next=" + url.QueryEscape(link.Next)
	}
	subject, body = m.branded().LinkLetter(link.Language, address, link.Expires)
	return to, subject, body, link.Expires, nil
}

func (m *mailer) branded() memberarea.Brand {
	if m.brand == nil {
		return memberarea.Brand{Name: m.sender.Name}
	}
	return m.brand()
}

// from gives the sender: the organisation's name, unless one is set.
func (m *mailer) from() mail.Address {
	out := m.sender
	if !m.named && m.brand != nil {
		out.Name = m.brand().Name
	}
	return out
}

// message writes the letter. Whatever stands in a record, no line of the head
// can be added to.
func (m *mailer) message(to mail.Address, number id.ID, subject, body string) []byte {
	from := m.from()
	_, host, _ := strings.Cut(from.Address, "@")
	head := [][2]string{{"From", from.String()}, {"To", to.String()}, {"Subject", mime.QEncoding.Encode("utf-8", subject)},
		{"Date", m.clock.Now().Format(time.RFC1123Z)}, {"Message-ID", "<" + number.String() + "@" + host + ">"},
		{"MIME-Version", "1.0"}, {"Content-Type", "text/plain; charset=utf-8"}, {"Content-Transfer-Encoding", "8bit"}, {"Auto-Submitted", "auto-generated"}}
	var b strings.Builder
	for _, h := range head {
		b.WriteString(h[0] + ": " + h[1] + "\r\n")
	}
	b.WriteString("\r\n" + strings.ReplaceAll(body, "\n", "\r\n"))
	return []byte(b.String())
}

// outbox lays letters into a folder, one .eml file each, for want of a mail server.
type outbox struct{ dir string }

func (o outbox) carry(_ context.Context, _, _ mail.Address, number id.ID, message []byte) error {
	return diskfile.Write(filepath.Join(o.dir, number.String()+".eml"), message)
}

// mailServer gives letters to a server: smtp://name:password@host:587, or
// smtps:// where TLS comes first.
type mailServer struct{ at *url.URL }

func (s mailServer) carry(ctx context.Context, from, to mail.Address, _ id.ID, message []byte) error {
	ctx, stop := context.WithTimeout(ctx, mailWait)
	defer stop()
	host := s.at.Hostname()
	port := s.at.Port()
	dialer := &net.Dialer{}
	var conn net.Conn
	var err error
	if s.at.Scheme == "smtps" {
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
	if ok, _ := c.Extension("STARTTLS"); ok && s.at.Scheme == "smtp" {
		if err := c.StartTLS(&tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}); err != nil {
			return err
		}
	}
	if s.at.User != nil {
		password, _ := s.at.User.Password()
		if err := c.Auth(smtp.PlainAuth("", s.at.User.Username(), password, host)); err != nil {
			return err // it refuses to send a password over a line that is not encrypted
		}
	}
	if err := c.Mail(from.Address); err != nil {
		return err
	}
	if err := c.Rcpt(to.Address); err != nil {
		return err
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write(message); err != nil {
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
