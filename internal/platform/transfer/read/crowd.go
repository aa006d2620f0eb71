package read

import (
	"bytes"
	"errors"
	"strconv"
	"strings"
)

// maxSheetColumns is how many columns a sheet has in Excel.
const maxSheetColumns = 16_384

// maxWide bounds the cells of a sheet that lie right of all columns that can be
// read: every row may claim the last column of all, by a few bytes each.
const maxWide = 4 << 20

// What is read as a whole, so that its size is what memory must hold.
const (
	maxRun    = 16 << 20 // bytes of a tag, a comment, or a text between two tags
	maxCell   = 4 << 20  // bytes of a cell or a shared string, with its tags
	maxShared = 4 << 20  // shared strings: where each begins and ends is kept in memory
)

// What is wrong with a part.
var (
	errCrowded = errors.New("too many cells in a row") // more than a sheet has columns
	errLong    = errors.New("too long to be read as a whole")
	errShared  = errors.New("too many shared strings")
	errEntity  = errors.New("an entity that is not known") // the library takes it for the end of the sheet
)

// crowd is written a part of a workbook and fails at what would take more memory
// than a workbook should: what reads it later takes rows, cells, tags and texts
// as wholes, however large they are.
type crowd struct {
	tag   []byte // the tag at hand, as far as it matters
	end   []byte // the last two bytes of it
	in    bool   // between < and >
	begun bool   // a row has
	row   int64
	cells int

	run, cell int  // bytes so far
	within    bool // a cell or a shared string
	stuck     bool // in a declaration whose end can't be told: all that follows is taken for a part of it
	shared    int
}

// tagMost is how much of a tag is looked at.
const tagMost = 200

// Write implements io.Writer.
func (c *crowd) Write(p []byte) (int, error) {
	whole := len(p)
	for len(p) > 0 {
		mark := byte('<')
		if c.in {
			mark = '>'
		}
		at := bytes.IndexByte(p, mark)
		part := p
		if at >= 0 {
			part = p[:at+1]
		}
		p = p[len(part):]
		c.run += len(part)
		if c.within {
			c.cell += len(part)
		}
		if c.run > maxRun || c.cell > maxCell {
			return 0, errLong
		}
		if !c.in && c.within && !known(part) {
			return 0, errEntity
		}
		if c.in {
			text := bytes.TrimSuffix(part, []byte(">"))
			c.tag = append(c.tag, text[:min(len(text), tagMost-len(c.tag))]...)
			c.end = append(c.end, text[max(0, len(text)-2):]...)
			c.end = c.end[max(0, len(c.end)-2):]
		}
		switch {
		case at < 0:
		case !c.in:
			c.in, c.tag, c.end = true, c.tag[:0], c.end[:0]
			c.rest()
		case c.goesOn():
			c.end = append(c.end[:0], '>')
		default:
			c.in = false
			c.ended()
			c.rest()
			if c.cells > maxSheetColumns {
				return 0, errCrowded
			}
			if c.shared > maxShared {
				return 0, errShared
			}
		}
	}
	return whole, nil
}

// known tells whether all entities of a text, as far as they are whole, are those that XML has.
func known(text []byte) bool {
	for {
		at := bytes.IndexByte(text, '&')
		if at < 0 {
			return true
		}
		text = text[at+1:]
		end := bytes.IndexByte(text, ';')
		if end < 0 {
			return true
		}
		switch name := string(text[:min(end, tagMost)]); {
		case strings.HasPrefix(name, "#"), name == "amp", name == "lt", name == "gt", name == "quot", name == "apos":
		default:
			return false
		}
	}
}

// rest begins to count anew what is read as a whole.
func (c *crowd) rest() {
	if !c.stuck {
		c.run = 0
	}
}

// goesOn tells whether a > ends no tag, as in a comment.
func (c *crowd) goesOn() bool {
	switch {
	case bytes.HasPrefix(c.tag, []byte("!--")):
		return string(c.end) != "--"
	case bytes.HasPrefix(c.tag, []byte("![CDATA[")):
		return string(c.end) != "]]"
	case bytes.HasPrefix(c.tag, []byte("?")):
		return !bytes.HasSuffix(c.end, []byte("?"))
	case bytes.HasPrefix(c.tag, []byte("!")):
		c.stuck = true
	}
	return false
}

// ended counts a tag. A row that does not lie below the one before goes on with it.
func (c *crowd) ended() {
	name, closes := bytes.CutPrefix(c.tag, []byte("/"))
	if end := bytes.IndexAny(name, " \t\r\n/"); end >= 0 {
		name = name[:end]
	}
	local := string(name[bytes.IndexByte(name, ':')+1:])
	if local == "c" || local == "si" || local == "row" {
		c.cell, c.within = 0, !closes && local != "row" && !bytes.HasSuffix(c.end, []byte("/"))
	}
	if closes {
		return
	}
	switch local {
	case "si":
		c.shared++
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
