package queue_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/rapport-platform/rapport/internal/commons/queue"
)

var routes = []queue.Route{
	{Name: "enterprise", RoutingTeam: "enterprise"},
	{Name: "enterprise us", RoutingTeam: "enterprise us", Countries: []string{"US"}},
	{Name: "germany", Countries: []string{"DE", "AT"}},
	{Name: "munich", Countries: []string{"DE"}, Cities: []string{"münchen", "munich"}},
	{Name: "bavaria", Countries: []string{"DE"}, PostalCodes: []string{"8", "80331", "9"}},
	{Name: "schwabing", Countries: []string{"DE"}, PostalCodes: []string{"808"}},
	{Name: "london", Countries: []string{"GB"}, PostalCodes: []string{"SW1", "EC"}},
	{Name: "manhattan", PostalCodes: []string{"100"}},
	{Name: "rest", Default: true},
}

func TestPick(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		place queue.Place
		want  string
	}{
		{queue.Place{}, "rest"},
		{queue.Place{Country: "FR"}, "rest"},
		{queue.Place{Country: "DE"}, "germany"},
		{queue.Place{Country: "at", City: "Wien"}, "germany"},
		{queue.Place{Country: "DE", City: "MÜNCHEN"}, "munich"},
		{queue.Place{City: "Munich"}, "munich"},
		{queue.Place{Country: "US", City: "Munich"}, "rest"},
		{queue.Place{Country: "DE", City: "München", PostalCode: "80801"}, "schwabing"}, // the postal code before the city
		{queue.Place{Country: "DE", PostalCode: "80331"}, "bavaria"},
		{queue.Place{Country: "DE", PostalCode: "803 31"}, "bavaria"},
		{queue.Place{Country: "DE", PostalCode: "8"}, "bavaria"},
		{queue.Place{Country: "DE", PostalCode: "70173"}, "germany"},
		{queue.Place{Country: "GB", PostalCode: "sw1a 1aa"}, "london"},
		{queue.Place{Country: "GB", City: "Leeds", PostalCode: "LS1"}, "rest"},
		{queue.Place{Country: "US", PostalCode: "10001"}, "manhattan"},
		{queue.Place{RoutingTeam: "ENTERPRISE", Country: "DE", PostalCode: "80801"}, "enterprise"}, // a rule decides alone
		{queue.Place{RoutingTeam: "nobody", Country: "DE"}, "germany"},
	} {
		if got, ok := queue.Pick(routes, c.place); !ok || got.Name != c.want {
			t.Errorf("%+v: %q, want %q", c.place, got.Name, c.want)
		}
	}
	if got, ok := queue.Pick(routes[:8], queue.Place{Country: "FR"}); ok {
		t.Errorf("without a default queue: %q", got.Name)
	}
	if _, ok := queue.Pick(nil, queue.Place{}); ok {
		t.Error("without any queue")
	}
}

// Of a queue's own beginnings the longest counts, wherever it stands.
func TestPickTakesTheLongestBeginning(t *testing.T) {
	t.Parallel()
	for _, order := range [][]string{{"1", "10115"}, {"10115", "1"}, {"", "10115", "1"}} {
		got, ok := queue.Pick([]queue.Route{{Name: "berlin", PostalCodes: []string{"101"}}, {Name: "mitte", PostalCodes: order}}, queue.Place{PostalCode: "10115"})
		if !ok || got.Name != "mitte" {
			t.Errorf("%v: %q", order, got.Name)
		}
	}
	if _, ok := queue.Pick([]queue.Route{{PostalCodes: []string{""}}}, queue.Place{PostalCode: "1"}); ok {
		t.Error("an empty beginning takes everything")
	}
}

// Whatever the queues: a queue for a routing team is never picked by place, one
// of another country never at all, and the pick does not hang on their order
// unless two fit equally.
func TestPickProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		letters := rapid.SampledFrom([]string{"A", "B"})
		some := func(what string, of *rapid.Generator[string]) []string {
			return rapid.SliceOfNDistinct(of, 0, 2, func(s string) string { return s }).Draw(t, what)
		}
		codes := rapid.SampledFrom([]string{"1", "12", "123", "2"})
		var all []queue.Route
		for range rapid.IntRange(0, 6).Draw(t, "queues") {
			r := queue.Route{Countries: some("countries", letters), Cities: some("cities", rapid.SampledFrom([]string{"x", "y"})), PostalCodes: some("codes", codes), Default: rapid.Bool().Draw(t, "default")}
			if rapid.IntRange(0, 3).Draw(t, "team") == 0 {
				r.RoutingTeam = "team"
			}
			all = append(all, r)
		}
		place := queue.Place{Country: rapid.SampledFrom([]string{"", "A", "B", "C"}).Draw(t, "country"), City: rapid.SampledFrom([]string{"", "X", "z"}).Draw(t, "city"),
			PostalCode: rapid.SampledFrom([]string{"", "1", "1234", "29"}).Draw(t, "code")}
		got, ok := queue.Pick(all, place)
		if !ok {
			for _, r := range all {
				if r.Default && r.RoutingTeam == "" && len(r.Countries) == 0 {
					t.Fatalf("%+v fits and is not picked", r)
				}
			}
			return
		}
		if got.RoutingTeam != "" {
			t.Fatal("a queue for a routing team was picked by place")
		}
		if place.Country != "" && len(got.Countries) > 0 && got.Countries[0] != place.Country && (len(got.Countries) < 2 || got.Countries[1] != place.Country) {
			t.Fatalf("a queue of %v was picked for %s", got.Countries, place.Country)
		}
		if alone, ok := queue.Pick([]queue.Route{got}, place); !ok || len(alone.PostalCodes) != len(got.PostalCodes) {
			t.Fatal("what was picked does not fit by itself")
		}
		if place.RoutingTeam = "Team"; len(all) > 0 {
			byTeam, _ := queue.Pick(all, place)
			for _, r := range all {
				if r.RoutingTeam == "team" && byTeam.RoutingTeam != "team" {
					t.Fatal("a rule's team did not decide")
				}
			}
		}
	})
}
