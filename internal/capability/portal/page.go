package portal

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"sort"
	"strings"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/kit/colour"
)

//go:embed templates
var templateFiles embed.FS

// usualAccent colours pages whose form names no colour.
const usualAccent = "#0f5f73"

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
	comma     bool   // decimals of the form's language have a comma
	formulas  string // of calculators, as JSON for the page's script
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
	Answer   *Answer           // what a tool has said
	Proof    *Challenge        // to be solved before the form is sent
	Preview  bool              // for those who made the form: nothing can be sent
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
	colours := colour.Of(f.Accent)
	style := colours.CSS() + strings.TrimSpace(string(css))
	p := &prepared{own: map[string]bool{"context": true, InputToken: true, InputReferrer: true, InputLocalTime: true, InputTrap: true, InputProof: true, InputTool: true}, pages: pages, dir: "ltr", theme: colours.Theme()}
	p.style = template.HTML("<style>" + style + "</style>")
	p.script = template.HTML("<script>" + string(js) + "</script>")
	ancestors := "'self'"
	if f.MayEmbed("") {
		ancestors = "*"
	} else if len(f.AllowedOrigins) > 0 {
		ancestors += " " + strings.Join(f.AllowedOrigins, " ")
	}
	further := "" // of a captcha's provider
	if c := f.Captcha; c != nil {
		p.own[c.Field] = true
		for _, address := range append([]string{c.Script}, c.Origins...) {
			origin, _ := originOf(address)
			further += " " + origin
		}
	}
	// The script is inside the page; the worker that solves a challenge and the
	// answers of tools come from here.
	p.policy = "default-src 'none'; base-uri 'none'; form-action 'self'; img-src data:; connect-src 'self'" + further + "; worker-src 'self'; style-src '" + digest(style) + "'; script-src '" + digest(string(js)) + "'" + further + "; frame-ancestors " + ancestors
	if further != "" {
		p.policy += "; frame-src" + further
	}
	tag := language.Make(f.Language)
	base, _ := tag.Base()
	region, _ := tag.Region()
	p.comma = strings.Contains(" de fr es it nl pt da sv nb no fi pl cs sk sl hr hu ro bg el tr ru uk ", " "+base.String()+" ") && region.String() != "CH" && region.String() != "LI"
	if p.formulas, err = f.formulas(); err != nil {
		return nil, err
	}
	if script, _ := tag.Script(); script.String() == "Arab" || script.String() == "Hebr" {
		p.dir = "rtl"
	}
	for i := range f.Fields {
		p.own[f.Fields[i].Name] = true
		f.Fields[i].comma = p.comma
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
	Least, Most, By                                            string // of a slider
}

type groupView struct {
	Title  string
	Fields []fieldView
	Tool   *toolView
}

// toolView is a tool with what it said last.
type toolView struct {
	*Tool
	Answer *Answer
	Check  bool
}

type consentView struct {
	ID, Name, Label, Link, LinkText, Error string
	Checked, Required                      bool
}

type problemView struct{ ID, Label, Message string }

// proofView is a challenge for the page's script.
type proofView struct {
	Challenge string // as JSON
	Renew     string // address of another one
}

type formView struct {
	Lang, Dir, Theme, Brand, Title, Intro, Submit, Token, Referrer, Notice, ProblemsTitle string
	Embed, Steps, Preview, Comma                                                          bool
	Formulas, PreviewText                                                                 string
	Proof                                                                                 *proofView
	Captcha                                                                               *Captcha
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
		Style: p.style, Script: p.script, Token: v.Token, Referrer: v.Referrer, Notice: v.Notice, ProblemsTitle: f.message("summary", ""),
		Steps: f.Steps, Preview: v.Preview, PreviewText: f.message("preview", ""), Comma: p.comma, Formulas: p.formulas, Captcha: f.Captcha}
	if v.Proof != nil {
		text, err := json.Marshal(v.Proof)
		if err != nil {
			return Page{}, fmt.Errorf("challenge of form %s: %w", f.Name, err)
		}
		data.Proof = &proofView{Challenge: string(text), Renew: "/f/" + f.Name + "/challenge"}
	}
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
	data.Words = map[string]string{"required": f.message("required", ""), "choose": f.message("choose", ""), "email": f.message("email", ""), "number": f.message("number", ""),
		"next": f.message("next", ""), "back": f.message("back", ""), "step": f.message("step", "%"), "checking": f.message("checking", ""), "failed": f.message("failed", "")}
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
			if plain, ok := plainNumber(value, field.comma); ok {
				view.Value = f.decimal(plain)
			}
			if field.Slider {
				view.Least, view.Most, view.By = formatLimit(*field.Min), formatLimit(*field.Max), formatLimit(max(field.Step, 0))
				if field.Step == 0 {
					view.By = "1"
				}
			}
		case TypeSelect:
			if field.Display == "cards" {
				view.Kind = "cards"
			} else {
				view.Menu = field.selected(value)
			}
		}
		last := len(data.Groups) - 1
		tool := f.tool(field.Tool)
		if field.Section != "" || last < 0 || (data.Groups[last].Tool == nil) != (tool == nil) || tool != nil && data.Groups[last].Tool.Tool != tool {
			group := groupView{Title: field.Section}
			if tool != nil {
				group.Tool = &toolView{Tool: tool, Check: tool.Kind == ToolCheck}
				if v.Answer != nil && v.Answer.Tool == tool.Name {
					group.Tool.Answer = v.Answer
				} else if lines, ok := f.opening(tool, v.Values); ok {
					group.Tool.Answer = &Answer{Tool: tool.Name, Lines: lines}
				}
				setDefault(&group.Title, tool.Title)
			}
			data.Groups = append(data.Groups, group)
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

// opening works a calculator out of what stands in its fields as the page opens.
func (f *Form) opening(t *Tool, typed map[string]string) ([]Line, bool) {
	if t.Kind != ToolCalculator {
		return nil, false
	}
	answers := map[string]any{}
	for _, field := range f.fieldsOf(t.Name) {
		text, given := typed[field.Name]
		if !given {
			text = field.Default
		}
		if value, code, _ := field.read(text); code == "" && value != nil {
			answers[field.Name] = value
		}
	}
	return t.calculate(f, answers)
}

// formulas gives the calculators for the page's script, as JSON; "" for none.
func (f *Form) formulas() (string, error) {
	type result struct {
		Name   string `json:"name"`
		Tree   any    `json:"tree"`
		Digits int    `json:"digits"`
		Prefix string `json:"prefix,omitempty"`
		Suffix string `json:"suffix,omitempty"`
	}
	tools := map[string][]result{}
	for i := range f.Tools {
		for _, r := range f.Tools[i].Results {
			if f.Tools[i].Kind == ToolCalculator {
				tools[f.Tools[i].Name] = append(tools[f.Tools[i].Name], result{r.Name, r.formula.Tree(), r.Digits, r.Prefix, r.Suffix})
			}
		}
	}
	if len(tools) == 0 {
		return "", nil
	}
	text, err := json.Marshal(tools)
	return string(text), err
}

// Closed gives the page of a form that takes no requests any more.
func (f *Form) Closed(embed bool) (Page, error) {
	return f.render("page", map[string]any{"Lang": f.Language, "Dir": f.prepared.dir, "Title": f.message("closed_title", ""), "Text": f.message("closed", ""), "Embed": embed, "Style": f.prepared.style, "Script": f.prepared.script})
}

// Missing gives the page of an address that leads to no form, in a language.
func Missing(tag language.Tag) (Page, error) {
	f := &Form{Name: "missing", Language: tag.String(), Accent: usualAccent}
	var err error
	if f.prepared, err = prepare(f); err != nil {
		return Page{}, err
	}
	return f.render("page", map[string]any{"Lang": f.Language, "Dir": f.prepared.dir, "Title": f.message("missing_title", ""), "Text": f.message("missing", ""), "Embed": false, "Style": f.prepared.style, "Script": f.prepared.script})
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
