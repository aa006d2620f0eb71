package read

import (
	"bytes"
	"errors"
	"strconv"
)

// maxSheetColumns is how many columns a sheet has in Excel.
const maxSheetColumns = 16_384

// maxWide bounds the cells of a sheet that lie right of all columns that can be
// read: every row may claim the last column of all, by a few bytes each.
const maxWide = 4 << 20

// errCrowded means that a row holds more cells than a sheet has columns.
var errCrowded = errors.New("too many cells in a row")

// crowd is written a part of a workbook and fails at a row of more cells than a
// sheet has columns: what reads the workbook later takes a row as a whole,
// however many cells it has.
type crowd struct {
	tag   []byte // the tag at hand, as far as it matters
	in    bool   // between < and >
	begun bool   // a row has
	row   int64
	cells int
}

// tagMost is how much of a tag is looked at.
const tagMost = 200

// Write implements io.Writer.
func (c *crowd) Write(p []byte) (int, error) {
	whole := len(p)
	for len(p) > 0 {
		if !c.in {
			at := bytes.IndexByte(p, '<')
			if at < 0 {
				break
			}
			c.in, c.tag, p = true, c.tag[:0], p[at+1:]
			continue
		}
		at := bytes.IndexByte(p, '>')
		part := p
		if at >= 0 {
			part = p[:at]
		}
		c.tag = append(c.tag, part[:min(len(part), tagMost-len(c.tag))]...)
		if at < 0 {
			break
		}
		c.in, p = false, p[at+1:]
		if c.ended(); c.cells > maxSheetColumns {
			return 0, errCrowded
		}
	}
	return whole, nil
}

// ended counts a tag. A row that does not lie below the one before goes on with it.
func (c *crowd) ended() {
	name := c.tag
	if end := bytes.IndexAny(name, " \t\r\n/"); end >= 0 {
		name = name[:end]
	}
	switch string(name[bytes.IndexByte(name, ':')+1:]) {
	case "row":
		if n := c.number(); n > c.row {
			c.row, c.cells = n, 0
		}
		c.begun = true
	case "c":
		if c.begun {
			c.cells++
		}
	}
}

// number tells which row a tag begins: the one its attribute r names, else the
// next; 0 where the attributes are written as no program writes them.
func (c *crowd) number() int64 {
	fields := bytes.Fields(c.tag)
	for _, field := range fields {
		if v, ok := bytes.CutPrefix(field, []byte("r=")); ok {
			n, err := strconv.ParseInt(string(bytes.Trim(v, `"'/`)), 10, 64)
			if err != nil {
				return 0
			}
			return n
		}
		if field[0] == '=' || field[len(field)-1] == '=' {
			return 0
		}
	}
	if len(c.tag) == tagMost {
		return 0
	}
	return c.row + 1
}
