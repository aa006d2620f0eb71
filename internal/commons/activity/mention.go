package activity

import (
	"context"
	"errors"
	"html"
	"regexp"
	"slices"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/notify"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// mostMentions is how many people one note tells.
const mostMentions = 50

var (
	mention = regexp.MustCompile(`data-mention="([0-9a-fA-F-]{36})"`)
	markup  = regexp.MustCompile(`<[^>]*>`)
)

// Mentions is the hook by which those whom a note mentions, with
// data-mention="{systemuserid}", are told of it, if they may read what it is about.
func Mentions() record.Hook {
	return record.Hook{Table: "annotation",
		AfterCreate: func(ctx context.Context, tx *record.Tx, row record.Row) error { return tell(ctx, tx, row, nil) },
		AfterUpdate: func(ctx context.Context, tx *record.Tx, old, row record.Row) error {
			if old["notetext"] == row["notetext"] {
				return nil
			}
			return tell(ctx, tx, row, mentioned(old.Text("notetext")))
		},
	}
}

// mentioned gives the users that a text mentions, each once.
func mentioned(text string) []id.ID {
	var out []id.ID
	for _, m := range mention.FindAllStringSubmatch(text, mostMentions) {
		if who, err := id.Parse(m[1]); err == nil && !slices.Contains(out, who) {
			out = append(out, who)
		}
	}
	return out
}

func tell(ctx context.Context, tx *record.Tx, row record.Row, before []id.ID) error {
	people := mentioned(row.Text("notetext"))
	table, about := row.Text(metadata.TypeColumn("objectid")), row.ID("objectid")
	if len(people) == 0 || about == id.Nil || table == "" {
		return nil
	}
	author := access.From(ctx).ID
	system := access.AsSystem(ctx, "mention")
	names, err := tx.Names(system, "systemuser", append([]id.ID{author}, people...))
	if err != nil {
		return err
	}
	subjects, err := tx.Names(system, table, []id.ID{about})
	if err != nil {
		return err
	}
	for _, who := range people {
		if _, known := names[who]; !known || who == author || slices.Contains(before, who) {
			continue
		}
		_, err := tx.Get(access.With(ctx, access.Principal{Kind: access.User, ID: who}), table, about, []string{}, nil)
		if errors.Is(err, record.ErrNotFound) || errs.Has(err, errs.Forbidden) {
			continue // they may not read what it is about, nor that it is there
		}
		if err != nil {
			return err
		}
		if _, err := notify.Send(system, tx, who, notify.Input{Title: names[author] + ": " + subjects[about], Body: plain(row.Text("notetext")), RegardingID: about, RegardingType: table, Kind: "mention"}); err != nil {
			return err
		}
	}
	return nil
}

const mostBody = 280 // characters of the note that stand under the bell

// plain gives the beginning of a note without its markup.
func plain(text string) string {
	words := strings.Fields(html.UnescapeString(markup.ReplaceAllString(text, " ")))
	runes := []rune(strings.Join(words, " "))
	if len(runes) > mostBody {
		return string(runes[:mostBody-1]) + "…"
	}
	return string(runes)
}
