package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/test/dbtest"
	"github.com/rapport-platform/rapport/internal/test/fixture"
)

// TestQueryScripts runs testdata/query/*.txt on both databases. A script is
// blocks, parted by empty lines:
//
//	row TABLE NAME {json}      a row; its id is that of the name, and "@name" in the JSON is an id
//	share TABLE NAME USER      a share to read
//	user NAME                  a user who sees own rows only; later blocks may begin with "as NAME"
//	get SET?option=text        a question; indented lines are added to its last option, "&&"
//	                           parts options; "get pages SET" asks for pages of two
//	show COLUMN COLUMN …       what each row of the answer must hold, a line each
//	fails STATUS CODE text     or how it is refused
//
// The answer is shown with ids as names, and page by page where there are more.
func TestQueryScripts(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/query/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts: ", err)
	}
	catalog := fixture.Catalog(t)
	for _, file := range files {
		dbtest.Each(t, fixture.Schema(t, catalog), func(t *testing.T, db *sqldb.DB) {
			s := &queryScript{api: newAPI(t, db, catalog), file: file, ids: map[string]string{}, users: map[string]id.ID{}}
			s.users["me"], s.ids[s.api.admin.String()] = s.api.admin, "me"
			s.run(t)
		})
	}
}

type queryScript struct {
	api    *api
	file   string
	ids    map[string]string // id → name
	users  map[string]id.ID
	checks int
}

func (s *queryScript) run(t *testing.T) {
	text, err := os.ReadFile(s.file)
	if err != nil {
		t.Fatal(err)
	}
	line := 1
	for block := range strings.SplitSeq(string(text), "\n\n") {
		at := line
		line += strings.Count(block, "\n") + 2
		var lines []string
		for l := range strings.SplitSeq(block, "\n") {
			if strings.TrimSpace(l) != "" && !strings.HasPrefix(l, "#") {
				lines = append(lines, l)
			}
		}
		if len(lines) > 0 {
			if err := s.block(t, lines); err != nil {
				t.Errorf("%s:%d: %v", s.file, at, err)
			}
		}
	}
	if s.checks == 0 {
		t.Fatal("no checks ran")
	}
}

func scriptID(name string) id.ID { return id.Derive("query-script", name) }

func (s *queryScript) block(t *testing.T, lines []string) error {
	user := "me"
	for i := 0; i < len(lines); i++ {
		word, rest, _ := strings.Cut(lines[i], " ")
		switch word {
		case "row":
			if err := s.row(rest); err != nil {
				return err
			}
		case "user":
			name := strings.TrimSpace(rest)
			own := map[string]access.Depth{"systemuser": access.Global}
			for _, table := range []string{"lead", "account", "contact"} {
				own[table] = access.Basic
			}
			s.users[name] = s.api.user(name, own)
			s.ids[s.users[name].String()] = name
		case "share":
			p := strings.Fields(rest)
			s.api.must("principalobjectaccess", record.Row{"objectid": scriptID(p[1]), "objecttypecode": p[0], "principalid": s.users[p[2]], "principaltypecode": "systemuser", "accessrightsmask": int64(access.Read)})
			s.api.reload()
		case "as":
			user = strings.TrimSpace(rest)
		case "get":
			ask := rest
			for i++; i < len(lines) && strings.HasPrefix(lines[i], "  "); i++ {
				ask += " " + strings.TrimSpace(lines[i])
			}
			if i == len(lines) {
				return fmt.Errorf("no answer is expected of %s", ask)
			}
			s.checks++
			return s.ask(t, user, s.named(ask), lines[i], lines[i+1:])
		default:
			return fmt.Errorf("unknown line %q", lines[i])
		}
	}
	return nil
}

// named puts ids in place of @names, and the ids of users in place of %names.
func (s *queryScript) named(text string) string {
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		j := i + 1
		for j < len(text) && (text[j] >= 'a' && text[j] <= 'z' || text[j] >= '0' && text[j] <= '9') {
			j++
		}
		name := text[min(i+1, j):j]
		switch {
		case text[i] == '@' && name != "" && !strings.HasPrefix(text[j:], ".") && name != "odata" && name != "p1":
			if u, ok := s.users[name]; ok {
				out.WriteString(u.String())
			} else {
				out.WriteString(scriptID(name).String())
			}
			i = j - 1
		default:
			out.WriteByte(text[i])
		}
	}
	return out.String()
}

func (s *queryScript) row(text string) error {
	p := strings.SplitN(text, " ", 3)
	row := record.Row{}
	if err := json.Unmarshal([]byte(s.named(p[2])), &row); err != nil {
		return err
	}
	t, _ := s.api.catalog.Table(p[0])
	row[t.ID] = scriptID(p[1])
	for name, v := range row {
		if c, ok := t.Column(name); ok {
			var err error
			if row[name], err = c.Coerce(v); err != nil {
				return err
			}
		}
	}
	if t.Owned() && row["ownerid"] == nil {
		row["ownerid"] = s.api.admin
		row["owneridtype"] = "systemuser"
	} else if t.Owned() {
		row["owneridtype"] = "systemuser"
	}
	s.ids[scriptID(p[1]).String()] = p[1]
	s.api.must(p[0], row)
	return nil
}

func (s *queryScript) ask(t *testing.T, user, ask, expect string, want []string) error {
	path, rawQuery, _ := strings.Cut(ask, "?")
	var parts []string
	for part := range strings.SplitSeq(rawQuery, "&&") {
		name, value, _ := strings.Cut(part, "=")
		parts = append(parts, name+"="+url.QueryEscape(strings.TrimSpace(value)))
	}
	if rawQuery != "" {
		path += "?" + strings.Join(parts, "&")
	}
	prefer := `Prefer: odata.include-annotations="*"`
	if strings.HasPrefix(path, "pages ") {
		path, prefer = strings.TrimPrefix(path, "pages "), prefer+",odata.maxpagesize=2"
	}
	res := s.api.as(s.users[user], "GET", path, "", prefer)
	word, rest, _ := strings.Cut(expect, " ")
	switch word {
	case "fails":
		status, rest, _ := strings.Cut(rest, " ")
		code, message, _ := strings.Cut(rest, " ")
		e, _ := res.json["error"].(map[string]any)
		if fmt.Sprint(res.status) != status || e["@rapport.code"] != code || !strings.Contains(fmt.Sprint(e["message"]), message) {
			return fmt.Errorf("%s\n got %d %s", ask, res.status, res.body)
		}
		return nil
	case "plain":
		if res.status != 200 || res.body != rest {
			return fmt.Errorf("%s\n got %d %s", ask, res.status, res.body)
		}
		return nil
	case "show":
	default:
		return fmt.Errorf("unknown line %q", expect)
	}
	var got []string
	for range 100 {
		if res.status != 200 {
			return fmt.Errorf("%s\n got %d %s", ask, res.status, res.body)
		}
		rows, ok := res.json["value"].([]any)
		if !ok {
			rows = []any{res.json}
		}
		for _, row := range rows {
			got = append(got, s.show(row.(map[string]any), strings.Fields(rest)))
		}
		next, ok := res.json["@odata.nextLink"].(string)
		if !ok {
			break
		}
		res = s.api.as(s.users[user], "GET", next, "", prefer)
	}
	for i := range want {
		want[i] = strings.TrimSpace(want[i])
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		return fmt.Errorf("%s\n got\n%s", ask, strings.Join(got, "\n"))
	}
	return nil
}

// show gives a row's values; "nav/name" is one of an expanded row or of each of several.
func (s *queryScript) show(row map[string]any, columns []string) string {
	out := make([]string, len(columns))
	for i, c := range columns {
		out[i] = s.value(row, c)
	}
	return strings.Join(out, "|")
}

func (s *queryScript) value(row map[string]any, column string) string {
	if v, ok := row[column]; ok {
		if v == nil {
			return "null"
		}
		text := fmt.Sprint(v)
		if f, ok := v.(float64); ok {
			text = strings.TrimRight(strings.TrimRight(fmt.Sprintf("%.6f", f), "0"), ".")
		}
		if name, ok := s.ids[text]; ok {
			return name
		}
		return text
	}
	nav, rest, _ := strings.Cut(column, "/")
	switch x := row[nav].(type) {
	case map[string]any:
		return s.value(x, rest)
	case []any:
		var parts []string
		for _, item := range x {
			parts = append(parts, s.value(item.(map[string]any), rest))
		}
		return "[" + strings.Join(parts, " ") + "]"
	case nil:
		if _, has := row[nav]; has {
			return "null"
		}
	}
	return "?"
}
