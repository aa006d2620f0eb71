package export

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/transfer/cell"
)

// csvWriter writes comma-separated values in UTF-8. A mark at the beginning lets
// spreadsheets know the encoding.
type csvWriter struct {
	w      *csv.Writer
	record []string
}

func newCSV(_ Request, columns []column, to io.Writer) (writer, error) {
	if _, err := io.WriteString(to, "\uFEFF"); err != nil {
		return nil, err
	}
	c := &csvWriter{w: csv.NewWriter(to), record: make([]string, len(columns))}
	for i := range columns {
		c.record[i] = cell.Guard(columns[i].label)
	}
	return c, c.w.Write(c.record)
}

func (c *csvWriter) row(values []any) error {
	for i, v := range values {
		c.record[i] = plain(v)
	}
	return c.w.Write(c.record)
}

func (c *csvWriter) close() error {
	c.w.Flush()
	return c.w.Error()
}

// stamp is how moments are written for people: spreadsheets and our own import
// read it alike.
const stamp = "2006-01-02 15:04:05"

// plain gives a value as text. Texts that a spreadsheet would take for formulas
// are guarded; numbers are not, whatever they begin with.
func plain(v any) string {
	switch x := v.(type) {
	case nil:
		return ""
	case string:
		return cell.Guard(x)
	case int64:
		return strconv.FormatInt(x, 10)
	case float64:
		return strconv.FormatFloat(x, 'g', -1, 64)
	case query.Number:
		return x.String()
	case time.Time:
		return x.Format(stamp)
	case json.RawMessage:
		return cell.Guard(string(x))
	}
	return cell.Guard(fmt.Sprint(v))
}
