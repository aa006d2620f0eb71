package queue

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Route is what a queue takes, as configuration in memory.
type Route struct {
	Queue       id.ID
	Team        id.ID // whose members work the queue; id.Nil for none
	Name        string
	RoutingTeam string   // folded
	Countries   []string // ISO alpha-2, upper case; none means any
	Cities      []string // folded
	PostalCodes []string // beginnings, without spaces, upper case
	Default     bool
}

// Place is what a record says about where it belongs.
type Place struct{ RoutingTeam, Country, City, PostalCode string }

// Pick finds the queue for a place. A routing team that a rule has set decides
// alone; else the longest matching beginning of the postal code wins, then the
// city, then the country alone, then the default queue. ok is false if there is none.
func Pick(routes []Route, p Place) (best Route, ok bool) {
	team, city := query.Fold(p.RoutingTeam), query.Fold(p.City)
	postal := strings.ToUpper(strings.ReplaceAll(p.PostalCode, " ", ""))
	rank := 0
	for _, r := range routes {
		if got := r.rank(team, strings.ToUpper(p.Country), city, postal); got > rank {
			best, rank = r, got
		}
	}
	return best, rank > 0
}

// The ranks of a match, beside which the length of a postal code's beginning counts.
const (
	byDefault = 1
	byCountry = 2
	byCity    = 100
	byPostal  = 1000
	byTeam    = 100_000
)

func (r Route) rank(team, country, city, postal string) int {
	if team != "" && r.RoutingTeam == team {
		return byTeam
	}
	if r.RoutingTeam != "" {
		return 0 // such a queue takes only what is routed to it
	}
	inCountry := len(r.Countries) == 0 || country == ""
	for _, c := range r.Countries {
		inCountry = inCountry || c == country
	}
	if !inCountry {
		return 0
	}
	longest := 0
	for _, prefix := range r.PostalCodes {
		if strings.HasPrefix(postal, prefix) {
			longest = max(longest, len(prefix))
		}
	}
	if longest > 0 {
		return byPostal + longest
	}
	for _, c := range r.Cities {
		if city != "" && c == city {
			return byCity
		}
	}
	if len(r.Countries) > 0 && country != "" && len(r.Cities)+len(r.PostalCodes) == 0 {
		return byCountry
	}
	if r.Default {
		return byDefault
	}
	return 0
}

// Load reads the routes of all active queues. It needs a context that may read
// queues; the result is kept as hot configuration.
func Load(ctx context.Context, r record.Reader) ([]Route, error) {
	page, err := r.Find(ctx, query.Query{Table: "queue", Where: query.Compare{Left: query.Path{"statecode"}, Value: int64(0)}, Order: []query.Order{{Column: "name"}}})
	if err != nil {
		return nil, err
	}
	var out []Route
	for _, row := range page.Rows {
		route := Route{Queue: row.ID("queueid"), Team: row.ID("rpt_teamid"), Name: row.Text("name"), RoutingTeam: query.Fold(row.Text("rpt_routingteam"))}
		route.Default, _ = row["rpt_isdefault"].(bool)
		for _, c := range texts(row["rpt_countries"]) {
			route.Countries = append(route.Countries, strings.ToUpper(c))
		}
		for _, c := range texts(row["rpt_cities"]) {
			route.Cities = append(route.Cities, query.Fold(c))
		}
		for _, p := range texts(row["rpt_postalcodes"]) {
			route.PostalCodes = append(route.PostalCodes, strings.ToUpper(strings.ReplaceAll(p, " ", "")))
		}
		out = append(out, route)
	}
	return out, nil
}

// texts reads a JSON array of texts; anything else is none.
func texts(v any) (out []string) {
	raw, _ := v.(json.RawMessage)
	if json.Unmarshal(raw, &out) != nil {
		return nil
	}
	return out
}
