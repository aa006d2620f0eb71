package memberarea

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"html/template"
	"net/http"
	"net/url"
	"regexp"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Section is a part of a record's page that another package brings.
type Section interface {
	// Name is the section's segment in addresses: lower-case letters.
	Name() string
	// Show gives the section's part of the page; ok is false where the record has none.
	Show(ctx context.Context, r Record) (b Block, ok bool, err error)
	// Serve answers a request at or below Record.Path. What changes something has
	// shown its token before.
	Serve(w http.ResponseWriter, req *http.Request, r Record) error
}

// Asker is a Section that knows what the member has still to do; the overview
// shows it too.
type Asker interface {
	Asks(ctx context.Context, r Record) ([]string, error)
}

// Block is what a section shows.
type Block struct {
	Title string // heading, in Record.Lang; "" for none
	HTML  template.HTML
	// Script is JavaScript that makes the section handier; the page works without.
	// It stands inline, allowed by its digest, and may ask our own server.
	Script string
}

// Record is a record on a member's page.
type Record struct {
	View   View
	ID     id.ID
	Row    record.Row // what the member may see of it
	Title  string
	Member Member
	Locale
	// Note is the word that the last change left in the address by Back; "" for none.
	// It comes from the address, so it is compared with known words and not shown.
	Note string
	// Section names the section to which the methods below lead.
	Section string
}

// Token is the name and the value of the input that a form sends to show that it
// is one of ours.
func (r Record) Token() (name, value string) { return InputToken, r.Member.CSRF }

// Page is the address of the record's page.
func (r Record) Page() string { return recordPath(r.View.Table, r.ID) }

// Path is the address of the section, with further segments behind it.
func (r Record) Path(more ...string) string {
	out := r.Page() + "/" + r.Section
	for _, m := range more {
		out += "/" + url.PathEscape(m)
	}
	return out
}

// Action is Path with a token that holds for that address alone, for forms whose
// body the shell does not read.
func (r Record) Action(more ...string) string {
	p := r.Path(more...)
	return p + "?" + url.Values{InputToken: {actionToken(r.Member.CSRF, p)}}.Encode()
}

// Back leads the member back to the record's page, where Show finds the word in
// Record.Note.
func (r Record) Back(w http.ResponseWriter, req *http.Request, note string) {
	to := r.Page()
	if noteWord.MatchString(note) {
		to += "?note=" + note
	}
	http.Redirect(w, req, to+"#"+r.Section, http.StatusSeeOther)
}

var noteWord = regexp.MustCompile(`^[a-z][a-z_]{0,39}$`)

// actionToken binds the session's token to one address: it must not open others
// if the address is read over a shoulder or kept in a history.
func actionToken(csrf, path string) string {
	mac := hmac.New(sha256.New, []byte(csrf))
	mac.Write([]byte(path))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:18])
}

// ActionToken tells whether a token is the one that Action wrote for the path.
func ActionToken(csrf, path, token string) bool {
	return csrf != "" && hmac.Equal([]byte(token), []byte(actionToken(csrf, path)))
}

func recordPath(table string, key id.ID) string { return "/member/r/" + table + "/" + key.String() }
