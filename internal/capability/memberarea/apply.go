package memberarea

import (
	"context"
	"slices"

	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Offer is a form that members are offered.
type Offer struct {
	Name, Title, Intro string
	Language           string
}

// Apply is the page of the forms that members are offered: those in the member's
// language, and all where there are none.
func (a *Area) Apply(ctx context.Context, v Visit, offers []Offer) (Page, error) {
	type link struct {
		Path string
		Offer
	}
	var list []link
	own := slices.ContainsFunc(offers, func(o Offer) bool { return o.Language == v.Lang })
	for _, o := range offers {
		if own && o.Language != v.Lang {
			continue
		}
		list = append(list, link{FormAddress(v.CSRF, o.Name), o})
	}
	return a.render(ctx, v, pageOf("apply", say(v.Lang, "apply.title"), "apply", list, v))
}

// FormPath is the address of a form that members are offered.
func FormPath(name string) string { return "/member/apply/" + name }

// FormAddress is FormPath with the token that the form shows when it is sent: its
// page posts to where it came from.
func FormAddress(csrf, name string) string {
	return FormPath(name) + "?" + InputToken + "=" + actionToken(csrf, FormPath(name))
}

// Known gives what is known of the member, by the names that contacts and leads
// share, as far as the member may read it.
func (a *Area) Known(ctx context.Context, v Visit) (map[string]string, error) {
	row, err := a.o.Records.Get(ctx, "contact", v.Member.ID, nil, nil)
	if err != nil {
		return nil, err
	}
	return known(row), nil
}

func known(row record.Row) map[string]string {
	out := map[string]string{}
	for name, value := range row {
		if text, ok := value.(string); ok && text != "" {
			out[name] = text
		}
	}
	return out
}
