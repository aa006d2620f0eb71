package consent

import (
	"context"
	"encoding/json"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Channel is a way to reach people. The values are those of Dynamics 365.
type Channel int64

// The channels, each with the column of contacts that it reaches.
const (
	Email Channel = 534120000
	Text  Channel = 534120001
)

// Channels lists them.
var Channels = []Channel{Email, Text}

// Column gives the column of a contact that holds the channel's address.
func (c Channel) Column() string {
	if c == Text {
		return "mobilephone"
	}
	return "emailaddress1"
}

const (
	tablePurpose = "msdynmkt_purpose"
	tableConsent = "msdynmkt_contactpointconsent4"
	optedIn      = int64(534120001)
	optedOut     = int64(534120002)
)

// Purpose is something that people can agree to be contacted for.
type Purpose struct {
	ID          id.ID
	Label       metadata.Label
	Description string
}

// Consent is what holds for a purpose and a channel.
type Consent struct {
	Purpose id.ID
	Channel Channel
	Given   bool // else refused, or never asked
	Since   time.Time
	Past    []Turn // what was said, newest first
}

// Turn is one giving or withdrawing.
type Turn struct {
	At    time.Time
	Given bool
}

// History gives what changed of a record, newest first; *changelog.Log is one.
type History interface {
	History(ctx context.Context, table string, record id.ID, before int64, limit int) ([]changelog.Change, error)
}

// Keeper reads and writes the consents of one contact. Whoever calls has made
// sure that it is the contact's own doing, or that of somebody who may.
type Keeper struct {
	Records record.Reader
	History History
}

// Purposes lists what can be agreed to.
func (k *Keeper) Purposes(ctx context.Context) ([]Purpose, error) {
	page, err := k.Records.Find(access.AsSystem(ctx, "purposes of contact"), query.Query{Table: tablePurpose, Where: query.Compare{Left: query.Path{"statecode"}, Value: int64(0)}, Order: []query.Order{{Column: "rpt_order"}}, Limit: 50})
	if err != nil {
		return nil, err
	}
	var out []Purpose
	for _, row := range page.Rows {
		p := Purpose{ID: row.ID("msdynmkt_purposeid"), Label: metadata.Label{"en": row.Text("msdynmkt_name")}, Description: row.Text("msdynmkt_description")}
		if text, ok := row["rpt_label"].(json.RawMessage); ok {
			var l metadata.Label
			if json.Unmarshal(text, &l) == nil && l["en"] != "" {
				p.Label = l
			}
		}
		out = append(out, p)
	}
	return out, nil
}

const (
	consentsMost = 200
	turnsMost    = 20
)

// Of lists the consents of a contact, with what they were before.
func (k *Keeper) Of(ctx context.Context, contact id.ID) ([]Consent, error) {
	page, err := k.Records.Find(access.AsSystem(ctx, "consents of a contact"), query.Query{Table: tableConsent, Where: query.Compare{Left: query.Path{"rpt_contactid"}, Value: contact}, Limit: consentsMost})
	if err != nil {
		return nil, err
	}
	var out []Consent
	for _, row := range page.Rows {
		c := Consent{Purpose: row.ID("msdynmkt_purposeid"), Channel: Channel(row.Int("msdynmkt_contactpointtype")), Given: row.Int("msdynmkt_value") == optedIn}
		changes, err := k.History.History(ctx, tableConsent, row.ID(tableConsent+"id"), 0, turnsMost)
		if err != nil {
			return nil, err
		}
		for _, change := range changes {
			var after struct {
				Value *int64 `json:"msdynmkt_value"`
			}
			if json.Unmarshal(change.After, &after) == nil && after.Value != nil {
				c.Past = append(c.Past, Turn{change.At, *after.Value == optedIn})
			}
		}
		if len(c.Past) > 0 {
			c.Since = c.Past[0].At
		}
		out = append(out, c)
	}
	return out, nil
}

var errPurpose error = errs.New(errs.Invalid, "consent.purpose", "there is no such purpose or channel")

// Set notes what a contact says to a purpose and a channel, where it differs from
// what holds. Where nothing was ever said, a refusal says nothing new.
func (k *Keeper) Set(ctx context.Context, tx *record.Tx, contact, purpose id.ID, channel Channel, given bool, source string) error {
	if channel != Email && channel != Text {
		return errPurpose
	}
	ctx = access.AsSystem(ctx, "a contact's own consent")
	who, err := tx.Get(ctx, "contact", contact, []string{channel.Column()}, nil)
	if err != nil {
		return err
	}
	if _, err := tx.Get(ctx, tablePurpose, purpose, []string{"statecode"}, nil); err != nil {
		return errPurpose
	}
	page, err := tx.Find(ctx, query.Query{Table: tableConsent, Limit: 1, Where: query.And{query.Compare{Left: query.Path{"rpt_contactid"}, Value: contact},
		query.Compare{Left: query.Path{"msdynmkt_purposeid"}, Value: purpose}, query.Compare{Left: query.Path{"msdynmkt_contactpointtype"}, Value: int64(channel)}}})
	if err != nil {
		return err
	}
	value := optedOut
	if given {
		value = optedIn
	}
	point := who.Text(channel.Column())
	if len(page.Rows) > 0 {
		row := page.Rows[0]
		if row.Int("msdynmkt_value") == value {
			return nil
		}
		change := record.Row{"msdynmkt_value": value, "msdynmkt_source": source}
		if point != "" {
			change["msdynmkt_contactpointvalue"] = point
		}
		_, err := tx.Update(ctx, tableConsent, row.ID(tableConsent+"id"), change, record.Match{})
		return err
	}
	if !given || point == "" {
		return nil
	}
	_, err = tx.Create(ctx, tableConsent, record.Row{"rpt_contactid": contact, "msdynmkt_purposeid": purpose, "msdynmkt_contactpointtype": int64(channel),
		"msdynmkt_contactpointvalue": point, "msdynmkt_value": value, "msdynmkt_source": source})
	return err
}
