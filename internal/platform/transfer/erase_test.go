package transfer_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/transfer"
	"github.com/rapport-platform/rapport/internal/platform/transfer/operation"
)

// Erasing a person removes the files that name him, in whatever form, but those
// at work; others stay.
func TestFilesOfAPersonGo(t *testing.T) {
	each(t, func(e *env) {
		m := transfer.Mapping{Columns: columns("name=rpt_name")}
		bring := func(text string) *brought { return e.bring(file{"rpt_part", text, m}) }
		his, other := bring("name\nROE@example.com\n"), bring("name\nx\n")
		broken, err := e.service.Upload(e.ctx(), id.Nil, "rpt_part", "broken.csv", strings.NewReader("name\n\"roe@example.com\n\n"))
		if err != nil {
			t.Fatal(err)
		}
		busy := bring("name\nroe@example.com\n")
		e.update(e.system(), "import", busy.id, record.Row{"rpt_status": operation.Running})
		book := excelize.NewFile()
		if _, err := book.NewSheet("Second"); err != nil {
			t.Fatal(err)
		}
		for sheet, v := range map[string]string{"Sheet1": "name", "Second": "roe@example.com"} {
			if err := book.SetCellValue(sheet, "A1", v); err != nil {
				t.Fatal(err)
			}
		}
		var packed bytes.Buffer
		if _, err := book.WriteTo(&packed); err != nil {
			t.Fatal(err)
		}
		if err := book.Close(); err != nil {
			t.Fatal(err)
		}
		up, err := e.service.Upload(e.ctx(), id.Nil, "rpt_part", "book.xlsx", &packed)
		if err != nil {
			t.Fatal(err)
		}
		removed, at, unread, err := e.service.Erase(t.Context(), func(text string) bool { return strings.Contains(strings.ToLower(text), "roe@example.com") })
		if err != nil || removed != 2 && removed != 3 || !slices.Equal(at, busy.files) {
			t.Errorf("%d removed, busy %v, unread %v, %v", removed, at, unread, err)
		}
		gone := func(key id.ID) bool {
			_, err := e.service.Preview(e.ctx(), key, "rpt_part", transfer.Mapping{})
			return err != nil && strings.Contains(err.Error(), "not here any more")
		}
		if !gone(his.files[0]) || !gone(up.File) || gone(other.files[0]) || gone(busy.files[0]) {
			t.Error("the wrong files are gone")
		}
		if !gone(broken.File) && !slices.Contains(unread, broken.File) {
			t.Errorf("the broken file is there and not told of: %v", unread)
		}
	})
}
