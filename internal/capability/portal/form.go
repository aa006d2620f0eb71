package portal

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/text/language"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// Form is the definition of one form. Parse reads it from JSON and checks it.
type Form struct {
	Name           string            `json:"name"`     // part of its address: /f/{name}
	Language       string            `json:"language"` // BCP 47; default "en"
	Brand          string            `json:"brand"`    // name of the organisation, above the title; optional
	Title          string            `json:"title"`
	Intro          string            `json:"intro"`
	Points         []string          `json:"points"` // short promises beside the form
	Fields         []Field           `json:"fields"`
	Consent        *Consent          `json:"consent"`
	Submit         string            `json:"submit"` // text of the button; default "Send"
	ThankYou       ThankYou          `json:"thankyou"`
	Accent         string            `json:"accent"`          // colour as #rrggbb
	Topic          string            `json:"topic"`           // default "leads"
	EventType      string            `json:"eventtype"`       // default "lead.created"
	AllowedOrigins []string          `json:"allowed_origins"` // sites that may embed it or post to it from scripts; "*" means all
	Members        bool              `json:"members"`         // offered to members who have signed in
	Messages       map[string]string `json:"messages"`        // replaces texts of complaints, by code

	// What a lead of this form is taken for, where the visit says nothing else.
	Campaign  string             `json:"campaign"`  // code of a campaign
	Channel   string             `json:"channel"`   // such as branch, partner, web
	UTM       map[string]string  `json:"utm"`       // campaign parameters, by their whole names
	Interests map[string]float64 `json:"interests"` // what the visitor is interested in, and how much (0 to 1)

	Steps      bool       `json:"steps"` // sections one after the other, where there is script
	Tools      []Tool     `json:"tools"`
	Protection Protection `json:"protection"`
	Captcha    *Captcha   `json:"captcha"`

	closed   bool
	prepared *prepared
}

// Field is one question of a form.
type Field struct {
	Name         string   `json:"name"`
	Type         string   `json:"type"`
	Column       string   `json:"column"` // logical name in the event's data; default: the name. "-": none, the answer goes along beside the columns
	Label        string   `json:"label"`
	Short        string   `json:"short"` // the label in a sentence: "Amount"; default: the label
	Hint         string   `json:"hint"`
	Section      string   `json:"section"` // begins a group with this heading
	Required     bool     `json:"required"`
	MaxLength    int      `json:"maxlength"` // characters; default 200, of a textarea 2,000
	Min          *float64 `json:"min"`       // of a number
	Max          *float64 `json:"max"`
	Options      []Option `json:"options"`      // of a select
	OptionsFrom  string   `json:"options_from"` // "countries" instead of options
	Display      string   `json:"display"`      // a select with "cards" shows all its options
	Default      string   `json:"default"`
	Autocomplete string   `json:"autocomplete"` // HTML's autofill token
	Prefix       string   `json:"prefix"`       // a sign before the input, such as "£"
	Half         bool     `json:"half"`         // takes half the width where there is room
	Tool         string   `json:"tool"`         // stands in this tool's part of the page
	Slider       bool     `json:"slider"`       // a number with min and max can be drawn, too
	Step         float64  `json:"step"`         // of the slider

	comma   bool           // decimals have a comma, as the form's language writes them
	choices []Option       // Options, or those of OptionsFrom
	markup  string         // choices as HTML, none selected
	places  map[string]int // where in markup an option's attributes end, by value
}

// Option is one choice of a select.
type Option struct {
	Value string `json:"value"`
	Label string `json:"label"`
	Hint  string `json:"hint"`
	// Interests add to the form's, for those who choose it.
	Interests map[string]float64 `json:"interests"`
}

// Protection says what a form does against machines.
type Protection struct {
	Proof string `json:"proof"` // of work: "auto" (when the form is sent unusually often), "always" or "off"
}

// When a proof of work is asked for.
const (
	ProofAuto   = "auto"
	ProofAlways = "always"
	ProofOff    = "off"
)

// Consent is what the visitor agrees to. The version goes into the event, so
// that it can be shown later which words were agreed to.
type Consent struct {
	Column   string `json:"column"` // default "rpt_consent"
	Text     string `json:"text"`
	Version  string `json:"version"` // default: a digest of the text
	Required bool   `json:"required"`
	Link     string `json:"link"` // address of the privacy notice; optional
	LinkText string `json:"link_text"`
}

// ThankYou is what the visitor reads after sending.
type ThankYou struct {
	Title string `json:"title"`
	Text  string `json:"text"`
}

// The kinds of field.
const (
	TypeText     = "text"
	TypeEmail    = "email"
	TypeTel      = "tel"
	TypeNumber   = "number"
	TypeSelect   = "select"
	TypeCheckbox = "checkbox"
	TypeTextarea = "textarea"
	TypeHidden   = "hidden"
	TypeDate     = "date"
)

var (
	fieldTypes   = []string{TypeText, TypeEmail, TypeTel, TypeNumber, TypeSelect, TypeCheckbox, TypeTextarea, TypeHidden, TypeDate}
	formName     = regexp.MustCompile(`^[a-z][a-z0-9-]{0,49}$`)
	logicalName  = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)
	colourText   = regexp.MustCompile(`^#[0-9a-fA-F]{6}$`)
	eventType    = regexp.MustCompile(`^[a-z][a-z0-9_.-]{0,99}$`)
	autofillText = regexp.MustCompile(`^[a-z0-9 -]{0,60}$`)
	interestName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_. -]{0,99}$`)
	campaignCode = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$`)
)

// Parse reads a form's definition. A member that it does not know is an error,
// so that a slip of the pen does not go unseen.
func Parse(definition []byte) (Form, error) {
	f, err := decodeForm(definition)
	if err != nil {
		return Form{}, err
	}
	return f, f.Prepare()
}

// maxDefinition bounds the text of a definition, in bytes.
const maxDefinition = 256 << 10

func decodeForm(definition []byte) (Form, error) {
	if len(definition) > maxDefinition {
		return Form{}, errs.New(errs.TooLarge, "portal.form_definition", "a form's definition has at most 256 KiB")
	}
	dec := json.NewDecoder(bytes.NewReader(definition))
	dec.DisallowUnknownFields()
	var f Form
	if err := dec.Decode(&f); err != nil {
		return Form{}, errs.InvalidFields("portal.form_definition", "the form's definition can't be read", []errs.Field{{Name: "definition", Code: "json", Message: strings.TrimPrefix(err.Error(), "json: ")}})
	}
	return f, nil
}

// Prepare fills in defaults, checks the definition and gets it ready to be
// shown. Parse does it; forms made by hand need it before they are used.
func (f *Form) Prepare() error {
	setDefault(&f.Language, "en")
	setDefault(&f.Submit, "Send")
	setDefault(&f.Accent, usualAccent)
	setDefault(&f.Topic, "leads")
	setDefault(&f.EventType, "lead.created")
	setDefault(&f.ThankYou.Title, "Thank you")
	var fields []errs.Field
	bad := func(name, code, format string, args ...any) {
		fields = append(fields, errs.Field{Name: name, Code: code, Message: fmt.Sprintf(format, args...)})
	}
	if !formName.MatchString(f.Name) {
		bad("name", "name", "must have 1 to 50 lower-case letters, digits and hyphens")
	}
	if f.Title == "" {
		bad("title", "required", "is required")
	}
	if _, err := language.Parse(f.Language); err != nil {
		bad("language", "language", "is not a language such as en or de-CH")
	}
	if !colourText.MatchString(f.Accent) {
		bad("accent", "colour", "must be a colour such as #0f5f73")
	}
	if !formName.MatchString(f.Topic) {
		bad("topic", "name", "must have 1 to 50 lower-case letters, digits and hyphens")
	}
	if !eventType.MatchString(f.EventType) {
		bad("eventtype", "name", "must be a type such as lead.created")
	}
	for i, origin := range f.AllowedOrigins {
		clean, ok := originOf(origin)
		if origin != "*" && (!ok || clean != strings.TrimSuffix(origin, "/")) {
			bad("allowed_origins", "origin", "number %d must be * or an origin such as https://www.example.com", i+1)
		}
		f.AllowedOrigins[i] = strings.TrimSuffix(origin, "/")
	}
	if len(f.Fields) == 0 {
		bad("fields", "required", "a form needs at least one field")
	}
	columns := map[string]bool{"context": true}
	for i := range f.Fields {
		f.Fields[i].prepare(bad)
		for _, name := range slices.Compact([]string{f.Fields[i].Name, f.Fields[i].Column}) {
			if name == NoColumn {
				continue
			}
			if columns[name] {
				bad(name, "repeated", "is used twice, or is the name context")
			}
			columns[name] = true
		}
	}
	if c := f.Consent; c != nil {
		setDefault(&c.Column, "rpt_consent")
		if c.Version == "" {
			sum := sha256.Sum256([]byte(c.Text))
			c.Version = "sha256-" + hex.EncodeToString(sum[:6])
		}
		if !logicalName.MatchString(c.Column) || columns[c.Column] {
			bad("consent", "column", "has a column that is not fit or used twice")
		}
		if c.Text == "" {
			bad("consent", "required", "needs a text")
		}
		if u, err := url.Parse(c.Link); err != nil || c.Link != "" && u.Scheme != "https" && u.Scheme != "http" && !strings.HasPrefix(c.Link, "/") {
			bad("consent", "link", "has a link that is not a web address")
		}
	}
	f.prepareOrigin(bad)
	f.prepareTools(bad)
	if err := errs.InvalidFields("portal.form_definition", "the form's definition has faults", fields); err != nil {
		return err
	}
	var err error
	f.prepared, err = prepare(f)
	return err
}

// NoColumn is the column of a field that belongs to none.
const NoColumn = "-"

// prepareOrigin checks what says where a lead of the form comes from, and what
// keeps machines off.
func (f *Form) prepareOrigin(bad func(name, code, format string, args ...any)) {
	setDefault(&f.Protection.Proof, ProofAuto)
	if !slices.Contains([]string{ProofAuto, ProofAlways, ProofOff}, f.Protection.Proof) {
		bad("protection.proof", "kind", "is one of auto, always and off")
	}
	if f.Campaign != "" && !campaignCode.MatchString(f.Campaign) {
		bad("campaign", "name", "must be a campaign's code, of letters, digits and . _ -")
	}
	if len(f.Channel) > 100 {
		bad("channel", "too_long", "has at most 100 characters")
	}
	for name, value := range f.UTM {
		if !IsUTM(name) || value == "" || len(value) > 256 {
			bad("utm", "name", "%s is none of utm_source, utm_medium, utm_campaign, utm_term, utm_content and utm_id, or has no value", name)
		}
	}
	weights := func(at string, list map[string]float64) {
		for name, weight := range list {
			if !interestName.MatchString(name) || weight < 0 || weight > 1 || len(list) > 20 {
				bad(at, "interest", "the interest %q needs a plain name and a weight between 0 and 1; there are at most 20", name)
			}
		}
	}
	weights("interests", f.Interests)
	for i := range f.Fields {
		for _, o := range f.Fields[i].Options {
			weights(f.Fields[i].Name, o.Interests)
		}
	}
	if c := f.Captcha; c != nil {
		for _, address := range append([]string{c.Script}, c.Origins...) {
			if origin, ok := originOf(address); !ok || !strings.HasPrefix(origin, "https://") {
				bad("captcha", "link", "its script and origins are https addresses")
			}
		}
		if c.Field == "" || c.SiteKey == "" || c.Class == "" || len(c.Field) > 64 {
			bad("captcha", "required", "needs class, sitekey and field")
		}
	}
}

func (f *Field) prepare(bad func(name, code, format string, args ...any)) {
	setDefault(&f.Type, TypeText)
	setDefault(&f.Column, f.Name)
	if f.MaxLength == 0 {
		f.MaxLength = 200
		if f.Type == TypeTextarea {
			f.MaxLength = 2000
		}
	}
	if !logicalName.MatchString(f.Name) || f.Column != NoColumn && !logicalName.MatchString(f.Column) {
		bad(f.Name, "name", "a field's name and column have 1 to 64 lower-case letters, digits and underscores")
	}
	if !slices.Contains(fieldTypes, f.Type) {
		bad(f.Name, "type", "has a type that is none of %s", strings.Join(fieldTypes, ", "))
	}
	if f.Label == "" && f.Type != TypeHidden {
		bad(f.Name, "required", "needs a label")
	}
	if f.MaxLength < 1 || f.MaxLength > 10_000 {
		bad(f.Name, "maxlength", "must allow between 1 and 10,000 characters")
	}
	if f.Slider && (f.Type != TypeNumber || f.Min == nil || f.Max == nil || *f.Min >= *f.Max || f.Step < 0) {
		bad(f.Name, "slider", "a slider is a number with min and max")
	}
	if !autofillText.MatchString(f.Autocomplete) {
		bad(f.Name, "autocomplete", "has an autocomplete that is no token of HTML")
	}
	if f.Type != TypeSelect {
		if len(f.Options) > 0 || f.OptionsFrom != "" {
			bad(f.Name, "options", "only a select has options")
		}
		return
	}
	switch f.OptionsFrom {
	case "":
	case "countries":
		if len(f.Options) > 0 {
			bad(f.Name, "options", "has options and options_from; one of them must go")
		}
	default:
		bad(f.Name, "options", "options_from may only be countries")
	}
	if f.OptionsFrom == "" && len(f.Options) == 0 {
		bad(f.Name, "options", "a select needs options")
	}
	for _, o := range f.Options {
		if o.Value == "" || o.Label == "" {
			bad(f.Name, "options", "every option needs a value and a label")
		}
	}
}

// IsClosed tells whether the form takes no requests any more.
func (f *Form) IsClosed() bool { return f.closed }

// MayEmbed tells whether a site of this origin may embed the form or post to it.
func (f *Form) MayEmbed(origin string) bool {
	return slices.Contains(f.AllowedOrigins, "*") || slices.Contains(f.AllowedOrigins, origin)
}

// originOf gives scheme and host of an address; false where it is no web address.
func originOf(address string) (string, bool) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" || strings.ContainsAny(u.Host, " ;,'\"") {
		return "", false
	}
	return u.Scheme + "://" + u.Host, true
}

func setDefault(s *string, value string) {
	if *s == "" {
		*s = value
	}
}
