package changelog

import (
	"context"
	"fmt"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/secret"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// CutBatch is how many rows Cut lets go at a time.
const CutBatch = 1000

// Cut lets go of change rows of a table that were sealed before a moment, a
// bounded number at a time, and writes into the chain, in the same transaction,
// which ones. below is where the consumers are: nothing above it goes. It tells
// how many went and whether there is more to do.
func (l *Log) Cut(ctx context.Context, keys *secret.Box, table string, before time.Time, below int64, now time.Time) (n int, more bool, err error) {
	through, err := l.cuttable(ctx, before, below)
	if err != nil {
		return 0, false, err
	}
	err = l.db.Write(ctx, func(tx *sqldb.Tx) error {
		n, more = 0, false
		last, err := l.lockChain(ctx, tx)
		if err != nil {
			return err
		}
		p := tx.Dialect().Placeholder
		var after int64
		if _, err := tx.QueryRow("SELECT seq FROM changecut WHERE tablename = "+p(1), []any{table}, &after); err != nil || after >= through {
			return err
		}
		list, positions, err := l.candidates(tx, table, after, through)
		if err != nil {
			return err
		}
		reached := through
		if n = len(list); n == CutBatch {
			more, reached = true, list[n-1]
		}
		if _, err := tx.Exec("INSERT INTO changecut (tablename, seq) VALUES ("+p(1)+", "+p(2)+") ON CONFLICT (tablename) DO UPDATE SET seq = excluded.seq", table, reached); err != nil || n == 0 {
			return err
		}
		if err := l.drop(tx, positions); err != nil {
			return err
		}
		s := Seal{Kind: SealCut, First: list[0], Last: list[n-1], Count: int64(n), Table: table, CutBefore: before.UTC().Truncate(time.Microsecond), At: now.UTC().Truncate(time.Microsecond), entries: packNumbers(list)}
		s.finish(last, keys)
		if err := putSeal(tx, &s); err != nil {
			return err
		}
		return l.hollow(tx, list[0], list[n-1])
	})
	return n, more, err
}

// cuttable gives the Seq up to which rows may go: sealed before the moment, read
// by every consumer, and never the newest row, from which the numbers go on.
func (l *Log) cuttable(ctx context.Context, before time.Time, below int64) (seq int64, err error) {
	at, err := query.Encode(l.db.Dialect(), query.Time, before)
	if err != nil {
		return 0, err
	}
	if _, err := l.db.QueryRow(ctx, "SELECT COALESCE(MAX(lastseq), 0) FROM changeseal WHERE kind = 1 AND at < "+l.db.Dialect().Placeholder(1), []any{at}, &seq); err != nil {
		return 0, err
	}
	last, err := l.Last(ctx)
	return min(seq, below, last-1), err
}

func (l *Log) candidates(tx *sqldb.Tx, table string, after, through int64) (seqs, positions []int64, err error) {
	p := tx.Dialect().Placeholder
	from, seq := "changelog c", "c.pos"
	if tx.Dialect() == sqldb.Postgres {
		from, seq = "changeorder o JOIN changelog c ON c.pos = o.pos", "o.seq"
	}
	rows, err := tx.Query("SELECT "+seq+", c.pos FROM "+from+" WHERE "+seq+" > "+p(1)+" AND "+seq+" <= "+p(2)+" AND c.tablename = "+p(3)+" ORDER BY "+seq+" LIMIT "+p(4), after, through, table, CutBatch)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var s, pos int64
		if err := rows.Scan(&s, &pos); err != nil {
			return nil, nil, fmt.Errorf("read change log: %w", err)
		}
		seqs, positions = append(seqs, s), append(positions, pos)
	}
	return seqs, positions, rows.Err()
}

func (l *Log) drop(tx *sqldb.Tx, positions []int64) error {
	from := []string{"changelog"}
	if tx.Dialect() == sqldb.Postgres {
		from = append(from, "changeorder")
	}
	for _, table := range from {
		text, args := "DELETE FROM "+table+" WHERE pos IN (", make([]any, len(positions))
		for i, pos := range positions {
			if i > 0 {
				text += ", "
			}
			text, args[i] = text+tx.Dialect().Placeholder(i+1), pos
		}
		if _, err := tx.Exec(text+")", args...); err != nil {
			return err
		}
	}
	return nil
}

// hollow takes the entries from seals whose rows have all gone: their digest
// stays, and the cuts say which rows there were.
func (l *Log) hollow(tx *sqldb.Tx, first, last int64) error {
	p := tx.Dialect().Placeholder
	there := "SELECT 1 FROM changelog r WHERE r.pos > s.firstseq AND r.pos <= s.lastseq"
	if tx.Dialect() == sqldb.Postgres {
		there = "SELECT 1 FROM changeorder r WHERE r.seq > s.firstseq AND r.seq <= s.lastseq"
	}
	_, err := tx.Exec("UPDATE changeseal AS s SET entries = NULL WHERE s.kind = 1 AND s.lastseq >= "+p(1)+" AND s.firstseq < "+p(2)+" AND s.entries IS NOT NULL AND NOT EXISTS ("+there+")", first, last)
	return err
}
