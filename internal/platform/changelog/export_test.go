package changelog

import "context"

// Number gives committed rows their Seq, as the tailer does before it reads.
func (l *Log) Number(ctx context.Context) error { return l.number(ctx) }
