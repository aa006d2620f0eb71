package auth

import (
	"context"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/lifecycle"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/snapshot"
)

// TopicKeys says which keys may publish to which topic. The hashes are kept in
// memory and on disk, so that publishers are let in while the database is away.
type TopicKeys struct {
	clock  clock.Clock
	value  *snapshot.Value[map[string]string] // hash → topic
	loop   lifecycle.Loop
	asking chan struct{} // holds one while somebody looks an unknown key up
	looked time.Time     // when the set was last made fresh for an unknown key; belongs to whoever asks
}

const (
	keysEvery = time.Second            // how soon a revoked key stops working
	missEvery = 100 * time.Millisecond // how often unknown keys make us look
	missWait  = 2 * time.Second        // how long a publisher with an unknown key waits for an answer
	loadWait  = 10 * time.Second       // after which a database that says nothing counts as away
)

// NewTopicKeys makes the set; file is where the last known good one is kept.
func NewTopicKeys(db func() *sqldb.DB, c clock.Clock, file string, logger *slog.Logger) *TopicKeys {
	k := &TopicKeys{clock: c, asking: make(chan struct{}, 1)}
	k.value = snapshot.New(nil, snapshot.Options[map[string]string]{Name: "topic keys", File: file, Logger: logger,
		Load: func(ctx context.Context) (map[string]string, error) { return loadKeys(ctx, db()) }})
	k.loop.Run = func(ctx context.Context) {
		for ctx.Err() == nil {
			if err := k.refresh(ctx, loadWait); err != nil && ctx.Err() == nil {
				logger.Debug("topic keys stay as they were", "error", err)
			}
			select {
			case <-c.After(keysEvery):
			case <-ctx.Done():
			}
		}
	}
	return k
}

// Recall takes the last known good set from disk.
func (k *TopicKeys) Recall() (bool, error) { return k.value.Recall() }

// Start keeps the set fresh.
func (k *TopicKeys) Start(ctx context.Context) error { return k.loop.Start(ctx) }

// Stop ends that.
func (k *TopicKeys) Stop(ctx context.Context) error { return k.loop.Stop(ctx) }

// Allowed tells whether the secret is a key of the topic. A key that is not
// known yet makes the set fresh first, so that a new key works at once; how
// often is bounded, so that guessing costs the database nothing. If the set
// can't be made fresh, the answer is an error and not no.
func (k *TopicKeys) Allowed(ctx context.Context, topic, secret string) (bool, error) {
	hash := hashSecret(secret)
	if t, ok := k.value.Get()[hash]; ok {
		return k.opens(t, topic), nil
	}
	if err := k.look(ctx, k.clock.Now()); err != nil {
		return false, err
	}
	t, ok := k.value.Get()[hash]
	return ok && k.opens(t, topic), nil
}

// A key of a topic stands in the set with that topic's name. A bearer token whose
// scopes name topics stands there with all of them, and with when it ends.
const scopedMark = "\x00"

func scopedEntry(s access.Scope, until time.Time) string {
	entry := scopedMark
	if !until.IsZero() {
		entry += strconv.FormatInt(until.Unix(), 10)
	}
	return entry + scopedMark + strings.Join(topicsOf(s), " ")
}

// opens tells whether an entry of the set lets events of a topic in.
func (k *TopicKeys) opens(entry, topic string) bool {
	rest, scoped := strings.CutPrefix(entry, scopedMark)
	if !scoped {
		return entry == topic
	}
	until, topics, _ := strings.Cut(rest, scopedMark)
	if until != "" {
		if n, err := strconv.ParseInt(until, 10, 64); err != nil || k.clock.Now().Unix() >= n {
			return false
		}
	}
	for t := range strings.FieldsSeq(topics) {
		if t == "*" || t == topic {
			return true
		}
	}
	return false
}

// Refresh reads the keys now and keeps them on disk.
func (k *TopicKeys) Refresh(ctx context.Context) error { return k.refresh(ctx, missWait) }

func (k *TopicKeys) refresh(ctx context.Context, atMost time.Duration) error {
	ctx, stop := context.WithTimeout(ctx, atMost)
	defer stop()
	return k.value.Refresh(ctx)
}

// look makes the set fresh unless somebody has begun to since the given time.
// A database that does not answer is away: those who ask must not pile up.
func (k *TopicKeys) look(ctx context.Context, since time.Time) error {
	waiting, stop := context.WithTimeout(ctx, missWait)
	defer stop()
	err := k.lookNow(waiting, since)
	if err != nil && waiting.Err() != nil && ctx.Err() == nil {
		return errAway
	}
	return err
}

func (k *TopicKeys) lookNow(ctx context.Context, since time.Time) error {
	select {
	case k.asking <- struct{}{}:
		defer func() { <-k.asking }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if k.looked.After(since) {
		return nil
	}
	if wait := missEvery - k.clock.Now().Sub(k.looked); wait > 0 {
		select {
		case <-k.clock.After(wait):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	began := k.clock.Now()
	if err := k.value.Refresh(ctx); err != nil {
		return err
	}
	k.looked = began
	return nil
}

func loadKeys(ctx context.Context, db *sqldb.DB) (map[string]string, error) {
	if db == nil {
		return nil, errAway
	}
	rows, err := db.Query(ctx, "SELECT hash, topic FROM topickey WHERE revokedon IS NULL")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[string]string{}
	for rows.Next() {
		var hash, topic string
		if err := rows.Scan(&hash, &topic); err != nil {
			return nil, err
		}
		out[hash] = topic
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	return out, loadScoped(ctx, db, out)
}

// loadScoped adds the bearer tokens of enabled users that may publish.
func loadScoped(ctx context.Context, db *sqldb.DB, into map[string]string) error {
	no := "0"
	if db.Dialect() == sqldb.Postgres {
		no = "false"
	}
	rows, err := db.Query(ctx, "SELECT t.hash, t.scopes, t.expireson FROM token t JOIN systemuser u ON u.systemuserid = t.userid WHERE t.scopes LIKE '%events:%' AND t.revokedon IS NULL AND (u.isdisabled IS NULL OR u.isdisabled = "+no+")")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var hash, scopes string
		var expires any
		if err := rows.Scan(&hash, &scopes, &expires); err != nil {
			return err
		}
		until, err := decodeTime(db.Dialect(), expires)
		if err != nil {
			return err
		}
		into[hash] = scopedEntry(access.Scope(scopes), until)
	}
	return rows.Err()
}
