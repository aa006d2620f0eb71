package privacy

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/event"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// Addresses knows which records hold, or once held, which e-mail address in any
// of their texts, which number of a person and which visitor's id. It follows the
// change log, which has all values of all tables that are tracked.
//
// An e-mail address is kept as its part before the @ backwards, then the rest: a
// text that ends in a part, as "mailto:anna@…" or "hanna@…" does, then lies beside
// it, and whatever holds an address as a part is found by a range.
type Addresses struct {
	DB      *sqldb.DB
	Log     *changelog.Log
	Catalog func() *metadata.Catalog
	Clock   clock.Clock
	Logger  *slog.Logger
}

const (
	addressConsumer = "addresses of persons"
	localMost       = 64 // bytes before the @ that are kept
	domainMost      = 64 // bytes behind it
	changesLog      = "changes"
	catchUpBatch    = 1000
)

// Follower gives the consumer that keeps them up to date.
func (a *Addresses) Follower() *event.Batch {
	return &event.Batch{Consumer: addressConsumer, Log: event.Changes(a.Log), DB: a.DB, Clock: a.Clock, Logger: a.Logger, Rest: func() float64 {
		if a.Log.Tailer().Loading() {
			return 30 // what an import makes is taken in behind it
		}
		return 0.5
	}, Handle: a.take}
}

// entry is that a record holds an address.
type entry struct {
	address, table string
	key            id.ID
}

// take notes what a batch of changes holds.
func (a *Addresses) take(_ context.Context, events []event.Event) (event.Effect, error) {
	changes := make([]changelog.Change, len(events))
	for i, e := range events {
		changes[i] = *e.Change
	}
	list := a.entries(changes)
	if len(list) == 0 {
		return nil, nil
	}
	return func(_ context.Context, tx *sqldb.Tx) error { return putAddresses(tx, list) }, nil
}

// CatchUp takes in everything that was committed before the call. The follower
// may be at the same: an entry is there once.
func (a *Addresses) CatchUp(ctx context.Context) error {
	through, err := a.Log.Through(ctx)
	if err != nil {
		return err
	}
	seq, err := event.Position(ctx, a.DB, addressConsumer, changesLog)
	if err != nil || seq >= through {
		return err
	}
	for seq < through {
		changes, err := a.Log.After(ctx, seq, catchUpBatch)
		if err != nil {
			return err
		}
		if len(changes) == 0 {
			break
		}
		seq = changes[len(changes)-1].Seq
		if list := a.entries(changes); len(list) > 0 {
			if err := a.DB.Write(ctx, func(tx *sqldb.Tx) error { return putAddresses(tx, list) }); err != nil {
				return err
			}
		}
	}
	return event.Note(ctx, a.DB, addressConsumer, changesLog, uint64(seq), a.Clock.Now())
}

// entries gives what changes hold, each once, in an order: for the sake of the
// index, and so that nodes don't wait for each other in a circle.
func (a *Addresses) entries(changes []changelog.Change) []entry {
	found := map[entry]bool{}
	for i := range changes {
		c := &changes[i]
		t, _ := a.Catalog().Table(c.Table)
		see := func(address string) { found[entry{address, c.Table, c.Record}] = true }
		for _, image := range []json.RawMessage{c.Before, c.After} {
			eachAddress(image, see)
			eachMark(t, image, see)
		}
	}
	return slices.SortedFunc(maps.Keys(found), func(x, y entry) int {
		if by := strings.Compare(x.address, y.address); by != 0 {
			return by
		}
		if by := strings.Compare(x.table, y.table); by != 0 {
			return by
		}
		return bytes.Compare(x.key[:], y.key[:])
	})
}

func putAddresses(tx *sqldb.Tx, list []entry) error {
	for len(list) > 0 {
		n := 1
		if len(list) >= 50 { // few different statements, which are kept prepared
			n = 50
		}
		if err := putSome(tx, list[:n]); err != nil {
			return err
		}
		list = list[n:]
	}
	return nil
}

func putSome(tx *sqldb.Tx, list []entry) error {
	d := tx.Dialect()
	var text strings.Builder
	text.WriteString("INSERT INTO personaddress (address, tablename, recordid) VALUES ")
	var args []any
	for i, e := range list {
		key, err := query.Encode(d, query.ID, e.key)
		if err != nil {
			return err
		}
		if i > 0 {
			text.WriteString(", ")
		}
		n := len(args)
		text.WriteString("(" + d.Next(n+1) + ", " + d.Next(n+2) + ", " + d.Next(n+3) + ")")
		args = append(args, e.address, e.table, key)
	}
	text.WriteString(" ON CONFLICT DO NOTHING")
	_, err := tx.Exec(text.String(), args...)
	return err
}

// eachAddress gives the e-mail addresses in a text, as they are kept. What is
// taken for one is generous: whatever stands around an @ without a break.
func eachAddress(text []byte, see func(string)) {
	for from := 0; ; {
		i := bytes.IndexByte(text[from:], '@')
		if i < 0 {
			return
		}
		at := from + i
		from = at + 1
		left, right := at, at+1
		for left > 0 && at-left < localMost && inLocal(text[left-1]) {
			left--
		}
		for right < len(text) && right-at <= domainMost && inDomain(text[right]) {
			right++
		}
		if left < at && right > at+1 {
			see(kept(string(text[left:at]), string(text[at+1:right])))
		}
	}
}

func inDomain(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '-' || c >= utf8.RuneSelf
}

func inLocal(c byte) bool { return inDomain(c) || strings.IndexByte("!#$%&'*+/=?^_`{|}~", c) >= 0 }

// kept gives an address as it stands in the table: bytes, in small letters.
func kept(local, domain string) string {
	b := []byte(strings.ToLower(local))
	slices.Reverse(b)
	return "@" + hexed(b) + "@" + hexed([]byte(strings.ToLower(domain)))
}

// unkept gives back an address as it was found in a text, in small letters.
func unkept(address string) string {
	at := strings.LastIndexByte(address, '@')
	if at < 1 {
		return address
	}
	local := unhexed(address[1:at])
	slices.Reverse(local)
	return string(local) + "@" + string(unhexed(address[at+1:]))
}

// unhexed undoes hexed.
func unhexed(s string) []byte {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+2 < len(s) {
			if v, err := hex.DecodeString(s[i+1 : i+3]); err == nil {
				out = append(out, v[0])
				i += 2
				continue
			}
		}
		out = append(out, s[i])
	}
	return out
}

// hexed leaves bytes of plain letters as they are, and writes others as three: half
// a character is no text to PostgreSQL.
func hexed(b []byte) string {
	const digits = "0123456789abcdef"
	if !slices.ContainsFunc(b, func(c byte) bool { return c >= utf8.RuneSelf }) {
		return string(b)
	}
	out := make([]byte, 0, 3*len(b))
	for _, c := range b {
		if c < utf8.RuneSelf {
			out = append(out, c)
		} else {
			out = append(out, '\\', digits[c>>4], digits[c&15])
		}
	}
	return string(out)
}

// eachMark gives the numbers and visitors that an image holds in the columns by
// which its table knows persons.
func eachMark(t *metadata.Table, image []byte, see func(string)) {
	if t == nil || t.Privacy == nil || len(image) == 0 {
		return
	}
	if t.Privacy.Person {
		for _, column := range t.Privacy.Phones {
			if v := valueIn(image, column); len(digits(v)) >= leastDigits {
				see(numberMark(v))
			}
		}
	}
	if t.Privacy.Copy {
		eachWord(image, func(w string) { see(wordMark(w)) })
	}
	if t.Privacy.Visitor != "" {
		if v := valueIn(image, t.Privacy.Visitor); v != "" {
			see(visitorMark(v))
		}
	}
}

func numberMark(v string) string  { return mark('#', digits(v)) }
func visitorMark(v string) string { return mark('v', v) }

// mark is under what something is kept that is only asked for as a whole: a part
// of its digest, as words of what was sent would tell more than is needed.
func mark(kind byte, v string) string {
	sum := sha256.Sum256([]byte(strings.ToLower(v)))
	return string(kind) + hex.EncodeToString(sum[:10])
}

func wordMark(w string) string { return mark('w', w) }

// wordLeast is how long a word of what was sent is at least to be kept: visitors'
// ids are no shorter.
const wordLeast = 8

// eachWord gives the words of a text that are long enough for an id.
func eachWord(text []byte, see func(string)) {
	from := -1
	for i := 0; i <= len(text); i++ {
		if i < len(text) && inWord(text[i]) {
			if from < 0 {
				from = i
			}
			continue
		}
		if from >= 0 && i-from >= wordLeast {
			see(string(text[from:min(i, from+localMost)]))
		}
		from = -1
	}
}

func inWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_'
}

// longestWord gives the longest word of an id by which what was sent can be looked up.
func longestWord(v string) (out string) {
	eachWord([]byte(v), func(w string) {
		if len(w) > len(out) {
			out = w
		}
	})
	return out
}

// valueIn gives the text of a column in an image, which is a flat object.
func valueIn(image []byte, column string) string {
	name := []byte(`"` + column + `":"`)
	i := bytes.Index(image, name)
	if i < 0 {
		return ""
	}
	start := i + len(name) - 1
	end := start + 1
	for end < len(image) && image[end] != '"' {
		if image[end] == '\\' {
			end++
		}
		end++
	}
	if end >= len(image) {
		return ""
	}
	var out string
	if json.Unmarshal(image[start:end+1], &out) != nil {
		return ""
	}
	return out
}
