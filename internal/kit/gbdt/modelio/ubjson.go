package modelio

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math"
	"strconv"
)

// maxDepth is how deep containers may nest; XGBoost's models have a depth of 8.
const maxDepth = 64

// maxJSON bounds the text that UBJSON becomes; numbers grow on the way.
const maxJSON = 4 * MaxFile

// ubjson turns UBJSON (draft 12, as XGBoost writes it) into JSON. Lengths are
// checked against what is left of the input before anything is made of them.
type ubjson struct {
	in    []byte
	at    int
	out   bytes.Buffer
	depth int
}

// toJSON converts one document.
func toJSON(data []byte) ([]byte, error) {
	u := &ubjson{in: data}
	kind, err := u.byte()
	if err == nil {
		err = u.value(kind)
	}
	if err != nil {
		return nil, err
	}
	if u.at != len(u.in) {
		return nil, u.bad("something follows the end of the model")
	}
	return u.out.Bytes(), nil
}

func (u *ubjson) bad(what string) error { return invalid("UBJSON, byte %d: %s", u.at, what) }

func (u *ubjson) byte() (byte, error) {
	b, err := u.take(1)
	if err != nil {
		return 0, err
	}
	return b[0], nil
}

func (u *ubjson) take(n int) ([]byte, error) {
	if n < 0 || n > len(u.in)-u.at {
		return nil, u.bad("the file ends too early")
	}
	b := u.in[u.at : u.at+n]
	u.at += n
	return b, nil
}

// size gives the bytes of a number of a kind; 0 for what is no number.
func size(kind byte) int {
	switch kind {
	case 'i', 'U':
		return 1
	case 'I':
		return 2
	case 'l', 'd':
		return 4
	case 'L', 'D':
		return 8
	}
	return 0
}

func integer(kind byte, b []byte) int64 {
	switch kind {
	case 'i':
		return int64(int8(b[0]))
	case 'U':
		return int64(b[0])
	case 'I':
		return int64(int16(binary.BigEndian.Uint16(b)))
	case 'l':
		return int64(int32(binary.BigEndian.Uint32(b)))
	}
	return int64(binary.BigEndian.Uint64(b))
}

// number writes a number of a kind.
func (u *ubjson) number(kind byte, b []byte) error {
	var text []byte
	switch kind {
	case 'd', 'D':
		v, bits := 0.0, 64
		if kind == 'd' {
			v, bits = float64(math.Float32frombits(binary.BigEndian.Uint32(b))), 32
		} else {
			v = math.Float64frombits(binary.BigEndian.Uint64(b))
		}
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return u.bad("a number is infinite or none")
		}
		text = strconv.AppendFloat(u.out.AvailableBuffer(), v, 'g', -1, bits)
	default:
		text = strconv.AppendInt(u.out.AvailableBuffer(), integer(kind, b), 10)
	}
	u.out.Write(text)
	if u.out.Len() > maxJSON {
		return u.bad("the model is too large")
	}
	return nil
}

// length reads a length with the kind it is written in.
func (u *ubjson) length() (int, error) {
	kind, err := u.byte()
	if err != nil {
		return 0, err
	}
	if size(kind) == 0 || kind == 'd' || kind == 'D' {
		return 0, u.bad("a length is expected")
	}
	b, err := u.take(size(kind))
	if err != nil {
		return 0, err
	}
	n := integer(kind, b)
	if n < 0 || n > int64(len(u.in)) {
		return 0, u.bad("a length is negative or beyond the end of the file")
	}
	return int(n), nil
}

func (u *ubjson) text() error {
	n, err := u.length()
	if err != nil {
		return err
	}
	b, err := u.take(n)
	if err != nil {
		return err
	}
	quoted, err := json.Marshal(string(b))
	if err != nil {
		return u.bad("a text is not UTF-8")
	}
	u.out.Write(quoted)
	return nil
}

func (u *ubjson) value(kind byte) error {
	switch kind {
	case 'Z':
		u.out.WriteString("null")
	case 'T':
		u.out.WriteString("true")
	case 'F':
		u.out.WriteString("false")
	case 'S':
		return u.text()
	case '[', '{':
		if u.depth++; u.depth > maxDepth {
			return u.bad("containers nest too deep")
		}
		defer func() { u.depth-- }()
		return u.container(kind)
	default:
		if size(kind) == 0 {
			return u.bad("a value of an unknown kind")
		}
		b, err := u.take(size(kind))
		if err != nil {
			return err
		}
		return u.number(kind, b)
	}
	return nil
}

// container reads what follows [ or {, with or without a kind and a count.
func (u *ubjson) container(open byte) error {
	end := open + 2 // ] or }
	var kind byte
	count := -1
	next, err := u.byte()
	if err != nil {
		return err
	}
	if next == '$' {
		if kind, err = u.byte(); err != nil {
			return err
		}
		if size(kind) == 0 {
			return u.bad("a container of an unknown kind of number")
		}
		if next, err = u.byte(); err != nil {
			return err
		}
		if next != '#' {
			return u.bad("a container with a kind has no count")
		}
	}
	if next == '#' {
		if count, err = u.length(); err != nil {
			return err
		}
		if kind != 0 && count > (len(u.in)-u.at)/size(kind) {
			return u.bad("a count beyond the end of the file")
		}
	} else {
		u.at--
	}
	u.out.WriteByte(open)
	for i := 0; i != count; i++ {
		if count < 0 {
			if u.at < len(u.in) && u.in[u.at] == end {
				u.at++
				break
			}
		}
		if i > 0 {
			u.out.WriteByte(',')
		}
		if open == '{' {
			if err := u.text(); err != nil {
				return err
			}
			u.out.WriteByte(':')
		}
		item := kind
		if item == 0 {
			if item, err = u.byte(); err != nil {
				return err
			}
		}
		if err := u.value(item); err != nil {
			return err
		}
	}
	u.out.WriteByte(end)
	return nil
}
