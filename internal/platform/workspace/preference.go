package workspace

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"regexp"
	"slices"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Settings are a person's settings by name; what they mean is the interface's business.
type Settings map[string]json.RawMessage

const (
	mostSettings = 64
	mostBytes    = 64 << 10
)

var settingName = regexp.MustCompile(`^[a-z][A-Za-z0-9]{0,39}$`)

// Preferences keeps the settings of people.
type Preferences struct {
	Store *record.Store
}

func rowOf(user id.ID) id.ID { return id.Derive("rpt_preference", user.String()) }

// Get gives the settings of the principal in the context.
func (p *Preferences) Get(ctx context.Context) (Settings, error) {
	who := access.From(ctx)
	if who.Kind != access.User {
		return nil, access.ErrSignIn
	}
	return p.Of(ctx, who.ID)
}

// Of gives the settings of a person who has just shown who they are.
func (p *Preferences) Of(ctx context.Context, user id.ID) (Settings, error) {
	row, err := p.Store.Get(access.AsSystem(ctx, "a person's own settings"), "rpt_preference", rowOf(user), []string{"rpt_value"}, nil)
	if errors.Is(err, record.ErrNotFound) {
		return Settings{}, nil
	}
	if err != nil {
		return nil, err
	}
	return settingsOf(row)
}

func settingsOf(row record.Row) (Settings, error) {
	out := Settings{}
	return out, read(document(row, "rpt_value"), &out)
}

// Change puts some settings of the principal in the context in place of what
// they were, null takes one away, and gives all. timeZone and language are the
// person's for the server's own words, too.
func (p *Preferences) Change(ctx context.Context, change Settings) (Settings, error) {
	who := access.From(ctx)
	if who.Kind != access.User {
		return nil, access.ErrSignIn
	}
	for name := range change {
		if !settingName.MatchString(name) {
			return nil, errs.New(errs.Invalid, "workspace.setting", "%q is no name of a setting", name)
		}
	}
	own, err := ownOf(change)
	if err != nil {
		return nil, err
	}
	ctx = access.AsSystem(ctx, "a person's own settings")
	var out Settings
	err = p.Store.Write(ctx, func(tx *record.Tx) error {
		key := rowOf(who.ID)
		row, err := tx.Get(ctx, "rpt_preference", key, []string{"rpt_value"}, nil)
		if err != nil && !errors.Is(err, record.ErrNotFound) {
			return err
		}
		if out, err = settingsOf(row); err != nil {
			out = Settings{} // an unreadable row is begun anew
		}
		maps.Copy(out, change)
		maps.DeleteFunc(out, func(_ string, v json.RawMessage) bool { return string(v) == "null" })
		text, err := json.Marshal(out)
		if err != nil {
			return errs.New(errs.Invalid, "workspace.setting", "the settings are no JSON")
		}
		if len(out) > mostSettings || len(text) > mostBytes {
			return errs.New(errs.Invalid, "workspace.settings", "a person has at most %d settings of %d bytes together", mostSettings, mostBytes)
		}
		if _, _, err := tx.Upsert(ctx, "rpt_preference", key, record.Row{"rpt_preferenceid": key, "rpt_name": "settings", "rpt_userid": who.ID, "rpt_value": json.RawMessage(text)}, record.Match{}); err != nil {
			return err
		}
		if len(own) > 0 {
			_, err = tx.Update(ctx, "systemuser", who.ID, own, record.Match{})
		}
		return err
	})
	return out, err
}

// Mute is the hook that keeps messages quiet whose kind their recipient has
// muted (the setting "muted", a list of kinds): they are there, but read already.
func (p *Preferences) Mute(c clock.Clock) record.Hook {
	return record.Hook{Table: "appnotification", BeforeCreate: func(ctx context.Context, tx *record.Tx, row record.Row) error {
		kind := row.Text("rpt_kind")
		if kind == "" || row["rpt_readon"] != nil {
			return nil
		}
		kept, err := tx.Get(access.AsSystem(ctx, "a person's own settings"), "rpt_preference", rowOf(row.ID("ownerid")), []string{"rpt_value"}, nil)
		if errors.Is(err, record.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		all, err := settingsOf(kept)
		var muted []string
		if err != nil || json.Unmarshal(all["muted"], &muted) != nil {
			return nil //nolint:nilerr // settings that can't be read mute nothing
		}
		if slices.Contains(muted, kind) {
			row["rpt_readon"] = c.Now()
		}
		return nil
	}}
}

// ownOf gives what of the settings the person's own row has, too.
func ownOf(change Settings) (record.Row, error) {
	out := record.Row{}
	for name, column := range map[string]string{"timeZone": "rpt_timezone", "language": "rpt_language"} {
		raw, given := change[name]
		if !given {
			continue
		}
		var text string
		if string(raw) != "null" && json.Unmarshal(raw, &text) != nil {
			return nil, errs.New(errs.Invalid, "workspace."+name, "%s is a text", name)
		}
		if text == "" {
			out[column] = nil
			continue
		}
		if name == "timeZone" {
			if _, err := time.LoadLocation(text); err != nil || text == "Local" {
				return nil, errs.New(errs.Invalid, "workspace.timeZone", "there is no time zone %q", text)
			}
		}
		out[column] = text
	}
	return out, nil
}
