package portal_test

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/rapport-platform/rapport/internal/capability/portal"
	"github.com/rapport-platform/rapport/internal/ground/errs"
)

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ definition, field string }{
		"not JSON":               {`hello`, ""},
		"unknown member":         {`{"name":"x","title":"T","fields":[{"name":"a","label":"A"}],"colour":"red"}`, ""},
		"no name":                {`{"title":"T","fields":[{"name":"a","label":"A"}]}`, "name"},
		"a name that is a path":  {`{"name":"../x","title":"T","fields":[{"name":"a","label":"A"}]}`, "name"},
		"no title":               {`{"name":"x","fields":[{"name":"a","label":"A"}]}`, "title"},
		"no fields":              {`{"name":"x","title":"T"}`, "fields"},
		"a field twice":          {`{"name":"x","title":"T","fields":[{"name":"a","label":"A"},{"name":"a","label":"A"}]}`, "a"},
		"a column twice":         {`{"name":"x","title":"T","fields":[{"name":"a","label":"A"},{"name":"b","column":"a","label":"A"}]}`, "a"},
		"a field named context":  {`{"name":"x","title":"T","fields":[{"name":"context","label":"A"}]}`, "context"},
		"a field without label":  {`{"name":"x","title":"T","fields":[{"name":"a"}]}`, "a"},
		"a strange type":         {`{"name":"x","title":"T","fields":[{"name":"a","label":"A","type":"file"}]}`, "a"},
		"a select of nothing":    {`{"name":"x","title":"T","fields":[{"name":"a","label":"A","type":"select"}]}`, "a"},
		"options of a text":      {`{"name":"x","title":"T","fields":[{"name":"a","label":"A","options":[{"value":"1","label":"1"}]}]}`, "a"},
		"an option of no value":  {`{"name":"x","title":"T","fields":[{"name":"a","label":"A","type":"select","options":[{"label":"1"}]}]}`, "a"},
		"a colour with a style":  {`{"name":"x","title":"T","accent":"red;}body{display:none","fields":[{"name":"a","label":"A"}]}`, "accent"},
		"an origin with a path":  {`{"name":"x","title":"T","allowed_origins":["https://example.com/a"],"fields":[{"name":"a","label":"A"}]}`, "allowed_origins"},
		"an origin with a space": {`{"name":"x","title":"T","allowed_origins":["https://a; script-src *"],"fields":[{"name":"a","label":"A"}]}`, "allowed_origins"},
		"no language":            {`{"name":"x","title":"T","language":"klingon language","fields":[{"name":"a","label":"A"}]}`, "language"},
		"consent to nothing":     {`{"name":"x","title":"T","consent":{},"fields":[{"name":"a","label":"A"}]}`, "consent"},
		"a link that is script":  {`{"name":"x","title":"T","consent":{"text":"I do","link":"javascript:alert(1)"},"fields":[{"name":"a","label":"A"}]}`, "consent"},
	} {
		_, err := portal.Parse([]byte(test.definition))
		var e *errs.Error
		if !errors.As(err, &e) || e.Kind != errs.Invalid || e.Code != "portal.form_definition" {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if test.field != "" && (len(e.Fields) == 0 || e.Fields[0].Name != test.field) {
			t.Errorf("%s: complaints %+v", name, e.Fields)
		}
	}
}

// minimal is a form of one field and a few peculiarities.
func minimal(t *testing.T, more string) portal.Form {
	t.Helper()
	f, err := portal.Parse([]byte(`{"name":"x","title":"Ask <us>","fields":[{"name":"mail","column":"emailaddress1","type":"email","label":"E-mail"},
		{"name":"utm_source","type":"hidden","default":"site"},{"name":"note","type":"textarea","label":"Note"},{"name":"news","type":"checkbox","label":"News"}]` + more + `}`))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestMappedColumnsAndKinds(t *testing.T) {
	t.Parallel()
	fx := setUp(t, nil)
	form := minimal(t, `,"topic":"leads","consent":{"text":"I agree"}`)
	_, err := fx.Submit(t.Context(), form, portal.Submission{Values: map[string]any{"mail": "a@example.com", "note": "one\r\ntwo", "news": "on", "utm_source": "paper"}})
	if err != nil {
		t.Fatal(err)
	}
	got := string(fx.out.all("leads")[0].Data)
	want := `{"context":{"form":"x"},"emailaddress1":"a@example.com","news":true,"note":"one\ntwo","rpt_consent":false,"rpt_consentversion":"sha256-7fc51fd25ad3","utm_source":"paper"}`
	if regexp.MustCompile(`sha256-[0-9a-f]{12}`).ReplaceAllString(got, "V") != regexp.MustCompile(`sha256-[0-9a-f]{12}`).ReplaceAllString(want, "V") {
		t.Errorf("got %s", got)
	}
}

// TestPolicyFitsThePage makes sure that the browser will run and apply what is
// on the page, and nothing else.
func TestPolicyFitsThePage(t *testing.T) {
	t.Parallel()
	fx := setUp(t, nil)
	form, err := fx.loan.Show(portal.View{Token: "t"})
	if err != nil {
		t.Fatal(err)
	}
	thanks, err := fx.loan.Thanks(true)
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range []portal.Page{form, thanks} {
		for _, tag := range []string{"style", "script"} {
			parts := regexp.MustCompile(`(?s)<`+tag+`>(.*?)</`+tag+`>`).FindAllSubmatch(page.HTML, -1)
			if len(parts) != 1 {
				t.Fatalf("%d of %s", len(parts), tag)
			}
			sum := sha256.Sum256(parts[0][1])
			if want := tag + "-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; !strings.Contains(page.Policy, want) {
				t.Errorf("the policy does not allow the page's own %s: %s", tag, page.Policy)
			}
		}
		if outside := regexp.MustCompile(`(?i)(?:src|href|action)="?(?:https?:)?//|url\(|@import| on[a-z]+=|style="`).Find(page.HTML); outside != nil {
			t.Errorf("the page asks for something from elsewhere, or has style or script in attributes: %s", outside)
		}
		if !strings.Contains(page.Policy, "default-src 'none'") || !strings.Contains(page.Policy, "frame-ancestors *") {
			t.Errorf("policy %s", page.Policy)
		}
		if len(page.HTML) > 48<<10 {
			t.Errorf("the page has %d bytes", len(page.HTML))
		}
	}
	closed := minimal(t, `,"allowed_origins":["https://a.example","https://b.example:8443/"]`)
	page, err := closed.Show(portal.View{})
	if err != nil || !strings.HasSuffix(page.Policy, "frame-ancestors 'self' https://a.example https://b.example:8443") {
		t.Errorf("%v: %s", err, page.Policy)
	}
	own := minimal(t, "")
	if page, err := own.Show(portal.View{}); err != nil || !strings.HasSuffix(page.Policy, "frame-ancestors 'self'") {
		t.Errorf("%v: %s", err, page.Policy)
	}
}

func TestPageShowsWhatWasTyped(t *testing.T) {
	t.Parallel()
	fx := setUp(t, nil)
	const evil = `"><script>alert(1)</script>`
	page, err := fx.loan.Show(portal.View{Token: "tok", Referrer: evil, Filled: true,
		Values: map[string]string{"firstname": evil, "rpt_productinterest": "ILP", "address1_country": "CH", "rpt_consent": "on"},
		Faults: []errs.Field{{Name: "lastname", Code: "required", Message: "Please fill this in."}, {Name: "rpt_consent", Message: "Tick it."}, {Name: "rpt_extra", Message: "Too much."}}})
	if err != nil {
		t.Fatal(err)
	}
	html := string(page.HTML)
	for _, want := range []string{
		`<title>Please look at these once more – A loan that fits your plans</title>`,
		`name="_token" value="tok"`,
		`name="_referrer" value="&#34;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"`,
		`value="&#34;&gt;&lt;script&gt;alert(1)&lt;/script&gt;" id="f-firstname"`,
		`value="ILP" checked`, `<option value="CH" selected>`,
		`<a href="#f-lastname">Last name – Please fill this in.</a>`, `<p class="error" id="f-lastname-error">Please fill this in.</p>`,
		`id="f-lastname" name="lastname" required autocomplete="family-name" aria-invalid="true"`,
		`name="rpt_consent" value="on" checked`, `Tick it.`, `Too much.`, `role="alert"`,
	} {
		if !strings.Contains(html, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if strings.Contains(html, evil) {
		t.Error("what was typed is on the page unescaped")
	}
	if strings.Count(html, `aria-invalid="true"`) != 2 {
		t.Error("fields without a complaint are marked")
	}
}

func TestPageDefaults(t *testing.T) {
	t.Parallel()
	fx := setUp(t, nil)
	for country, want := range map[string]string{"": "US", "GB": "GB", "ZZ": "US"} {
		page, err := fx.loan.Show(portal.View{Country: country})
		if err != nil || !strings.Contains(string(page.HTML), `<option value="`+want+`" selected>`) {
			t.Errorf("%q: %v", country, err)
		}
		if n := strings.Count(string(page.HTML), "<option "); n < 245 || n > 260 {
			t.Errorf("%d countries", n)
		}
	}
	german, err := portal.Parse([]byte(`{"name":"x","language":"de","title":"T","messages":{"required":"Bitte ausfüllen."},"fields":[{"name":"c","type":"select","label":"Land","options_from":"countries","required":true},{"name":"a","label":"A","required":true}]}`))
	if err != nil {
		t.Fatal(err)
	}
	page, err := german.Show(portal.View{Values: map[string]string{"c": "DE"}})
	if err != nil || !strings.Contains(string(page.HTML), `<option value="DE" selected>Deutschland</option>`) || !strings.Contains(string(page.HTML), `lang="de" dir="ltr"`) {
		t.Error("a German form has no German countries", err)
	}
	_, err = fx.Submit(t.Context(), german, portal.Submission{Values: map[string]any{"c": "DE"}})
	var e *errs.Error
	if !errors.As(err, &e) || e.Fields[0].Message != "Bitte ausfüllen." {
		t.Errorf("the form's own words are not used: %v", err)
	}
	arabic, err := portal.Parse([]byte(`{"name":"x","language":"ar","title":"T","fields":[{"name":"a","label":"A"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if page, err := arabic.Show(portal.View{Notice: "Later."}); err != nil || !strings.Contains(string(page.HTML), `dir="rtl"`) || !strings.Contains(string(page.HTML), "<p>Later.</p>") {
		t.Error("an Arabic form does not run from right to left", err)
	}
}

func TestScriptsAreSmall(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"track.js", "embed.js"} {
		content, etag, ok := portal.Asset(name)
		if !ok || len(content) == 0 || len(content) > 4096 || len(etag) < 10 {
			t.Errorf("%s: %d bytes, %s", name, len(content), etag)
		}
	}
	for _, name := range []string{"", "form.js", "../form.go"} {
		if _, _, ok := portal.Asset(name); ok {
			t.Errorf("%s is served", name)
		}
	}
}
