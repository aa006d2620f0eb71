package read

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// maxBad bounds the file of refused rows; beyond it they are only counted.
const maxBad = 100_000

// BadWriter writes refused rows as CSV: the line, the reasons, and the record
// as it was, so that it can be mended and imported again.
type BadWriter struct {
	w *csv.Writer
	n int
}

// NewBadWriter begins the file with its header.
func NewBadWriter(to io.Writer, header []string) (*BadWriter, error) {
	b := &BadWriter{w: csv.NewWriter(to)}
	return b, b.w.Write(append([]string{"line", "reasons"}, header...))
}

// Write adds a refused row.
func (b *BadWriter) Write(line int, reasons []errs.Field, record []string) error {
	if b.n++; b.n > maxBad {
		return nil
	}
	return b.w.Write(append([]string{strconv.Itoa(line), Reasons(reasons)}, record...))
}

// Flush writes out what is held back.
func (b *BadWriter) Flush() error {
	b.w.Flush()
	return b.w.Error()
}

// Reasons gives complaints as one text.
func Reasons(reasons []errs.Field) string {
	parts := make([]string, len(reasons))
	for i, r := range reasons {
		parts[i] = r.Message
		if r.Name != "" {
			parts[i] = r.Name + ": " + r.Message
		}
	}
	return strings.Join(parts, "; ")
}
