package metadata

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// AutoNumber is a pattern such as CASE-{SEQNUM:5}-{RANDSTRING:4}-{DATETIMEUTC:yyyyMM}:
// a running number with at least so many digits, so many random letters and
// digits (1 to 6), and the moment of creation. It has exactly one SEQNUM.
type AutoNumber struct{ parts []numberPart }

type numberPart struct {
	kind  byte // 0 text, 's' number, 'r' random, 'd' moment
	text  string
	width int
}

const (
	numberMaxText  = 100
	numberMaxWidth = 18
	numberMaxRand  = 6
	// letters leaves out what is easily taken for something else.
	letters = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
)

// ParseAutoNumber reads a pattern.
func ParseAutoNumber(pattern string) (*AutoNumber, error) {
	if len(pattern) > numberMaxText {
		return nil, badNumber("the pattern is longer than %d characters", numberMaxText)
	}
	n, sequences := &AutoNumber{}, 0
	for rest := pattern; rest != ""; {
		before, after, braced := strings.Cut(rest, "{")
		if before != "" {
			if strings.Contains(before, "}") {
				return nil, badNumber("a } has no { before it")
			}
			n.parts = append(n.parts, numberPart{text: before})
		}
		if !braced {
			break
		}
		inner, tail, closed := strings.Cut(after, "}")
		if !closed {
			return nil, badNumber("a { is not closed")
		}
		part, err := parsePart(inner)
		if err != nil {
			return nil, err
		}
		if part.kind == 's' {
			sequences++
		}
		n.parts = append(n.parts, part)
		rest = tail
	}
	if sequences != 1 {
		return nil, badNumber("it needs exactly one {SEQNUM:n}")
	}
	return n, nil
}

func parsePart(inner string) (numberPart, error) {
	name, arg, _ := strings.Cut(inner, ":")
	width, err := strconv.Atoi(arg)
	switch strings.ToUpper(name) {
	case "SEQNUM":
		if err != nil || width < 1 || width > numberMaxWidth {
			return numberPart{}, badNumber("SEQNUM has 1 to %d digits", numberMaxWidth)
		}
		return numberPart{kind: 's', width: width}, nil
	case "RANDSTRING":
		if err != nil || width < 1 || width > numberMaxRand {
			return numberPart{}, badNumber("RANDSTRING has 1 to %d characters", numberMaxRand)
		}
		return numberPart{kind: 'r', width: width}, nil
	case "DATETIMEUTC":
		layout, err := momentLayout(arg)
		return numberPart{kind: 'd', text: layout}, err
	}
	return numberPart{}, badNumber("{%s} is not SEQNUM, RANDSTRING or DATETIMEUTC", inner)
}

// momentLayout turns yyyyMMddHHmmss, in any order and with signs between, into Go's layout.
func momentLayout(s string) (string, error) {
	words := map[string]string{"yyyy": "2006", "yy": "06", "MM": "01", "dd": "02", "HH": "15", "hh": "03", "mm": "04", "ss": "05"}
	var out strings.Builder
	for s != "" {
		run := 1
		for run < len(s) && s[run] == s[0] {
			run++
		}
		switch word, ok := words[s[:run]]; {
		case ok:
			out.WriteString(word)
		case strings.ContainsRune("-_./ ", rune(s[0])):
			out.WriteString(s[:run])
		default:
			return "", badNumber("%q is not one of yyyy, yy, MM, dd, HH, hh, mm, ss", s[:run])
		}
		s = s[run:]
	}
	if out.Len() == 0 {
		return "", badNumber("DATETIMEUTC needs a form such as yyyyMM")
	}
	return out.String(), nil
}

func badNumber(format string, args ...any) error {
	return errs.New(errs.Invalid, "metadata.autonumber", "the pattern of an automatic number can't be read: "+format, args...)
}

// Text gives the value for a number of the sequence at a moment.
func (n *AutoNumber) Text(sequence int64, at time.Time) string {
	var out strings.Builder
	for _, p := range n.parts {
		switch p.kind {
		case 0:
			out.WriteString(p.text)
		case 's':
			digits := strconv.FormatInt(sequence, 10)
			out.WriteString(strings.Repeat("0", max(0, p.width-len(digits))))
			out.WriteString(digits)
		case 'r':
			for range p.width {
				out.WriteByte(letters[rand.IntN(len(letters))])
			}
		case 'd':
			out.WriteString(at.UTC().Format(p.text))
		}
	}
	return out.String()
}

// Number gives the pattern of an automatic number; nil if the column has none.
func (c *Column) Number() *AutoNumber { return c.number }

// NumberKey names the alternate key that keeps a column's automatic numbers apart.
func NumberKey(column string) string { return "autonumber_" + column }

// number reads the pattern, and gives the column a key of its own, so that no
// two rows have the same number, whoever gave it.
func (t *Table) completeNumber(c *Column) (err error) {
	if c.AutoNumber == "" {
		return nil
	}
	if c.TypeName != "text" {
		return wrong(c, "definition", "only a text has automatic numbers")
	}
	if c.number, err = ParseAutoNumber(c.AutoNumber); err != nil {
		return errs.New(errs.Invalid, "metadata.autonumber", "column %s.%s: %s", t.Name, c.Name, err.Error())
	}
	for _, k := range t.Keys {
		if len(k.Columns) == 1 && k.Columns[0] == c.Name && !k.WhereOpen {
			return nil
		}
	}
	t.Keys = append(t.Keys, Key{Name: NumberKey(c.Name), Columns: []string{c.Name}})
	return nil
}
