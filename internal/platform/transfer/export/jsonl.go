package export

import (
	"bufio"
	"encoding/json"
	"io"
	"time"
)

// jsonlWriter writes a JSON object a line, with empty values left out.
type jsonlWriter struct {
	w     *bufio.Writer
	names [][]byte
}

func newJSONL(columns []column, to io.Writer) writer {
	w := &jsonlWriter{w: bufio.NewWriterSize(to, 64<<10)}
	for _, c := range columns {
		name, _ := json.Marshal(c.name) // a text always has a JSON form
		w.names = append(w.names, name)
	}
	return w
}

func (w *jsonlWriter) row(values []any) error {
	_ = w.w.WriteByte('{') // a failure stays with the writer and comes back below
	later := false
	for i, v := range values {
		if v == nil {
			continue
		}
		if t, ok := v.(time.Time); ok {
			v = t.UTC()
		}
		text, err := json.Marshal(v)
		if err != nil {
			return err
		}
		if later {
			_ = w.w.WriteByte(',')
		}
		later = true
		_, _ = w.w.Write(w.names[i])
		_ = w.w.WriteByte(':')
		_, _ = w.w.Write(text)
	}
	_, err := w.w.WriteString("}\n")
	return err
}

func (w *jsonlWriter) close() error { return w.w.Flush() }
