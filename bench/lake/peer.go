package main

import (
	"context"
	"fmt"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/kit/delta"
)

const (
	peerBatches = 40
	peerRows    = 1000
	peerColumns = 24 // of text, numbers and instants, a third each
	peerRounds  = 3
	interpreter = "test/clients/deltalake/.venv/bin/python"
)

// peers appends the same batches by ours and by delta-rs, in turn.
func peers(ctx context.Context, dir string, b *strings.Builder) error {
	if _, err := os.Stat(interpreter); err != nil {
		b.WriteString("\ndelta-rs was not measured: its Python package is not installed (`make clients`).\n")
		return nil
	}
	b.WriteString("\n| round | ours, rows/s | delta-rs, rows/s | ratio |\n|---:|---:|---:|---:|\n")
	for r := range peerRounds {
		ours, err := appendOurs(ctx, filepath.Join(dir, fmt.Sprint("ours", r)))
		if err != nil {
			return err
		}
		out, err := exec.CommandContext(ctx, interpreter, "bench/lake/peer.py", filepath.Join(dir, fmt.Sprint("theirs", r)), strconv.Itoa(peerBatches), strconv.Itoa(peerRows), strconv.Itoa(peerColumns)).Output()
		if err != nil {
			return fmt.Errorf("peer.py: %w", err)
		}
		theirs, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
		if err != nil {
			return err
		}
		line := fmt.Sprintf("| %d | %.0f | %.0f | **%.2f** |\n", r+1, ours, theirs, ours/theirs)
		fmt.Fprint(os.Stderr, line)
		b.WriteString(line)
	}
	return nil
}

func peerSchema() (s delta.Schema) {
	kinds := []delta.Kind{delta.String, delta.Long, delta.Timestamp}
	for i := range peerColumns {
		s.Fields = append(s.Fields, delta.Field{Name: fmt.Sprintf("c%02d", i), Type: delta.Of(kinds[i%3]), Nullable: true})
	}
	return s
}

func peerBatch(batch int) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		for r := range peerRows {
			row := make([]any, peerColumns)
			n := int64(batch*peerRows + r)
			for i := range row {
				switch i % 3 {
				case 0:
					row[i] = fmt.Sprintf("value %d of %d", n, i)
				case 1:
					row[i] = n * int64(i+1)
				default:
					row[i] = time.UnixMicro(1_700_000_000_000_000 + n*1_000_003).UTC()
				}
			}
			if !yield(row, nil) {
				return
			}
		}
	}
}

func appendOurs(ctx context.Context, dir string) (rate float64, err error) {
	t, err := delta.Create(ctx, delta.Local(dir), delta.Options{}, delta.Spec{Schema: peerSchema()})
	if err != nil {
		return 0, err
	}
	began := time.Now()
	for i := range peerBatches {
		if _, err := t.Append(ctx, delta.Append{Schema: peerSchema(), Rows: peerBatch(i)}); err != nil {
			return 0, err
		}
	}
	return peerBatches * peerRows / time.Since(began).Seconds(), nil
}
