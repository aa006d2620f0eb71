package duplicate

import "testing"

func TestNormalForms(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		form func(string) string
		a, b string
		same bool
	}{
		{email, " Max.Mustermann@Example.COM ", "max.mustermann@example.com", true},
		{email, "mailto:a@müller.de", "A@xn--mller-kva.de", true},
		{email, "a@googlemail.com", "a@gmail.com", true},
		{email, "a+b@example.com", "a@example.com", false},
		{phone, "+49 (0)30 1234567", "030/1234567", true},
		{phone, "0049301234567", "+49 30 123 45 67", true},
		{phone, "+1 415 555 2671", "(415) 555-2671", true},
		{phone, "030 1234567", "030 1234568", false},
		{address, "Hauptstr. 12 a", "Hauptstraße 12a", true},
		{address, "Haupt-Straße 12A", "hauptstrasse 12 a", true},
		{address, "12 Main St.", "12 main street", true},
		{address, "5th Ave", "5th Avenue", true},
		{address, "Hauptstr. 12", "Hauptstr. 21", false},
		{sound, "Meyer", "Maier", true},
		{sound, "Müller-Lüdenscheidt", "Mueller Lüdenscheid", true},
		{sound, "Smith, John", "Jon Smyth", true},
		{sound, "Breschnew", "Breschneff", true},
		{sound, "Schmidt", "Schulz", false},
		{sound, "Werk 2", "Werk 3", false},
		{sound, "Unit12", "Unit13", false},
	} {
		if x, y := c.form(c.a), c.form(c.b); (x == y) != c.same || x == "" {
			t.Errorf("%q is %q, %q is %q", c.a, x, c.b, y)
		}
	}
	for word, code := range map[string]string{"wikipedia": "3412", "muller": "657", "breschnew": "17863", "heinz": "068", "h": ""} {
		if got := cologne(word); got != code {
			t.Errorf("%s sounds like %s, want %s", word, got, code)
		}
	}
	for _, c := range []struct {
		a, b string
		near bool
	}{{"Meyer", "Maier", true}, {"Meier", "Maier", true}, {"John Smith", "Smith Jon", true}, {"Li", "Lu", false}, {"", "", true}} {
		if alike(c.a, c.b) != c.near {
			t.Errorf("%s and %s", c.a, c.b)
		}
	}
	if distance([]rune("smiht"), []rune("smith")) != 1 || distance([]rune("abc"), []rune("")) != 3 {
		t.Error("distances are wrong")
	}
}
