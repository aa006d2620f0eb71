package portal

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"sort"
	"strings"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

//go:embed templates
var templateFiles embed.FS

// prepared is what Prepare works out once for every showing of a form.
type prepared struct {
	own       map[string]bool // names of inputs that are the form's own
	pages     *template.Template
	style     template.HTML
	script    template.HTML
	policy    string
	dir       string
	theme     string
	countries []Option
}

// View is one showing of a form.
type View struct {
	Embed    bool              // inside another site's page
	Token    string            // from NewToken, or of the showing before when complaints are shown
	Referrer string            // carried along until the form is sent
	Country  string            // ISO code that the visitor's browser suggests; optional
	Values   map[string]string // what was typed, or came with the address
	Filled   bool              // Values are what was typed: no defaults then
	Faults   []errs.Field      // complaints to show
	Notice   string            // one message above the form instead
}

// Page is HTML and the content security policy it must be sent with. The page
// needs nothing from any other place: style and script are inside, allowed by
// their digests.
type Page struct {
	HTML   []byte
	Policy string
}

// prepare builds what is the same for each visitor.
func prepare(f *Form) (*prepared, error) {
	pages, err := template.ParseFS(templateFiles, "templates/form.html")
	if err != nil {
		return nil, fmt.Errorf("templates of the forms: %w", err)
	}
	css, err := templateFiles.ReadFile("templates/form.css")
	if err != nil {
		return nil, err
	}
	js, err := templateFiles.ReadFile("templates/form.js")
	if err != nil {
		return nil, err
	}
	colours := paletteOf(f.Accent)
	style := colours.css() + strings.TrimSpace(string(css))
	p := &prepared{own: map[string]bool{"context": true, InputToken: true, InputReferrer: true, InputLocalTime: true, InputTrap: true}, pages: pages, dir: "ltr", theme: colours.panel.String()}
	p.style = template.HTML("<style>" + style + "</style>")
	p.script = template.HTML("<script>" + string(js) + "</script>")
	ancestors := "'self'"
	if f.MayEmbed("") {
		ancestors = "*"
	} else if len(f.AllowedOrigins) > 0 {
		ancestors += " " + strings.Join(f.AllowedOrigins, " ")
	}
	p.policy = "default-src 'none'; base-uri 'none'; form-action 'self'; img-src data:; style-src '" + digest(style) + "'; script-src '" + digest(string(js)) + "'; frame-ancestors " + ancestors
	tag := language.Make(f.Language)
	if script, _ := tag.Script(); script.String() == "Arab" || script.String() == "Hebr" {
		p.dir = "rtl"
	}
	for i := range f.Fields {
		p.own[f.Fields[i].Name] = true
		if f.Fields[i].OptionsFrom == "countries" && p.countries == nil {
			p.countries = countries(tag)
		}
		f.Fields[i].choices = f.Fields[i].Options
		if f.Fields[i].OptionsFrom == "countries" {
			f.Fields[i].choices = p.countries
		}
		f.Fields[i].renderChoices()
	}
	if f.Consent != nil {
		p.own[f.Consent.Column] = true
	}
	return p, nil
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// countries gives all countries by ISO code, named and sorted in a language.
func countries(tag language.Tag) []Option {
	names := display.Regions(tag)
	if names == nil {
		names = display.Regions(language.English)
	}
	var list []Option
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			code := string([]rune{a, b})
			region, err := language.ParseRegion(code)
			// Regions that were given up have a canonical one of another code.
			if err != nil || !region.IsCountry() || region.String() != code || region.Canonicalize() != region || region.ISO3() == "ZZZ" || region.IsPrivateUse() {
				continue
			}
			if name := names.Name(region); name != "" && name != code {
				list = append(list, Option{Value: code, Label: name})
			}
		}
	}
	order := collate.New(tag)
	sort.SliceStable(list, func(i, j int) bool { return order.CompareString(list[i].Label, list[j].Label) < 0 })
	return list
}

// renderChoices writes the options of a select once. There may be hundreds, and
// on a page they differ only in which is selected.
func (f *Field) renderChoices() {
	f.places = make(map[string]int, len(f.choices))
	var b strings.Builder
	for _, o := range f.choices {
		fmt.Fprintf(&b, `<option value="%s"`, template.HTMLEscapeString(o.Value))
		f.places[o.Value] = b.Len()
		fmt.Fprintf(&b, ">%s</option>\n", template.HTMLEscapeString(o.Label))
	}
	f.markup = b.String()
}

// selected gives the options with one of them selected.
func (f *Field) selected(value string) template.HTML {
	if at, ok := f.places[value]; ok {
		return template.HTML(f.markup[:at] + " selected" + f.markup[at:])
	}
	return template.HTML(f.markup)
}

// has tells whether a select offers a value.
func (f *Field) has(value string) bool {
	_, ok := f.places[value]
	return ok
}

type fieldView struct {
	*Field
	Choices                                                    []Option      // of cards
	Menu                                                       template.HTML // of other selects
	ID, Kind, Value, Error, InputType, InputMode, OptionalText string
}

type groupView struct {
	Title  string
	Fields []fieldView
}

type consentView struct {
	ID, Name, Label, Link, LinkText, Error string
	Checked, Required                      bool
}

type problemView struct{ ID, Label, Message string }

type formView struct {
	Lang, Dir, Theme, Brand, Title, Intro, Submit, Token, Referrer, Notice, ProblemsTitle string
	Embed                                                                                 bool
	Points                                                                                []string
	Style, Script                                                                         template.HTML
	Hidden                                                                                []fieldView
	Groups                                                                                []groupView
	Consent                                                                               *consentView
	Problems                                                                              []problemView
	Words                                                                                 map[string]string // complaints that the page's script makes itself
}

// Show gives the page of a form.
func (f *Form) Show(v View) (Page, error) {
	p := f.prepared
	data := formView{Lang: f.Language, Dir: p.dir, Theme: p.theme, Brand: f.Brand, Title: f.Title, Intro: f.Intro, Points: f.Points, Submit: f.Submit, Embed: v.Embed,
		Style: p.style, Script: p.script, Token: v.Token, Referrer: v.Referrer, Notice: v.Notice, ProblemsTitle: f.message("summary", "")}
	faults := make(map[string]string, len(v.Faults))
	for _, fault := range v.Faults {
		faults[fault.Name] = fault.Message
	}
	problem := func(name, id, label string) string {
		text, ok := faults[name]
		if ok {
			data.Problems = append(data.Problems, problemView{id, label, text})
			delete(faults, name)
		}
		return text
	}
	optional := f.message("optional", "")
	data.Words = map[string]string{"required": f.message("required", ""), "choose": f.message("choose", ""), "email": f.message("email", "")}
	if f.Consent != nil {
		data.Words["consent"] = f.message("consent", "")
	}
	for i := range f.Fields {
		field := &f.Fields[i]
		value, given := v.Values[field.Name]
		if !given && !v.Filled {
			value = field.Default
			if field.OptionsFrom == "countries" && field.has(v.Country) {
				value = v.Country
			}
		}
		view := fieldView{Field: field, Choices: field.choices, ID: "f-" + field.Name, Kind: field.Type, Value: value, InputType: field.Type, OptionalText: optional}
		view.Error = problem(field.Name, view.ID, field.Label)
		switch field.Type {
		case TypeHidden:
			data.Hidden = append(data.Hidden, view)
			continue
		case TypeNumber:
			// type=number loses what was typed if it is no number, and turns with the wheel.
			view.InputType, view.InputMode = "text", "decimal"
		case TypeSelect:
			if field.Display == "cards" {
				view.Kind = "cards"
			} else {
				view.Menu = field.selected(value)
			}
		}
		if field.Section != "" || len(data.Groups) == 0 {
			data.Groups = append(data.Groups, groupView{Title: field.Section})
		}
		g := &data.Groups[len(data.Groups)-1]
		g.Fields = append(g.Fields, view)
	}
	if c := f.Consent; c != nil {
		checked, _ := truth(v.Values[c.Column])
		view := &consentView{ID: "f-" + c.Column, Name: c.Column, Label: c.Text, Link: c.Link, LinkText: c.LinkText, Checked: checked, Required: c.Required}
		setDefault(&view.LinkText, c.Link)
		view.Error = problem(c.Column, view.ID, f.message("consent_label", ""))
		data.Consent = view
	}
	for name, text := range faults { // about something that has no place on the page
		data.Problems = append(data.Problems, problemView{"problems", name, text})
	}
	return f.render("form", data)
}

// Thanks gives the page after a form was sent.
func (f *Form) Thanks(embed bool) (Page, error) {
	return f.render("page", map[string]any{"Lang": f.Language, "Dir": f.prepared.dir, "Title": f.ThankYou.Title, "Text": f.ThankYou.Text, "Good": true, "Embed": embed, "Style": f.prepared.style, "Script": f.prepared.script})
}

func (f *Form) render(name string, data any) (Page, error) {
	var b bytes.Buffer
	if err := f.prepared.pages.ExecuteTemplate(&b, name, data); err != nil {
		return Page{}, fmt.Errorf("form %s: %w", f.Name, err)
	}
	return Page{HTML: b.Bytes(), Policy: f.prepared.policy}, nil
}
