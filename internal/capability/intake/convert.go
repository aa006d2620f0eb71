package intake

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
)

// convert makes of a value what the column takes. Forms send everything as
// text, so texts are read as numbers, choices and switches where the column is
// one; an empty text is no value.
func convert(c *metadata.Column, v any) (any, *Fault) {
	v, ok := prepare(c, v)
	if !ok {
		return nil, &Fault{c.Name, "column.type", "this is not a value that the field can hold"}
	}
	if v == nil {
		return nil, nil
	}
	out, err := c.Coerce(v)
	if err != nil {
		return nil, faultOf(c.Name, err)
	}
	return out, nil
}

func prepare(c *metadata.Column, v any) (any, bool) {
	s, isText := v.(string)
	if isText {
		if c.TypeName == "memo" {
			s = lines(s)
		} else {
			s = line(s)
		}
		if s == "" {
			return nil, true
		}
		v = s
	}
	switch c.TypeName {
	case "text", "memo":
		return textOf(v)
	case "whole":
		if isText {
			return wholeOf(s)
		}
	case "decimal", "money":
		if isText {
			return amountOf(s)
		}
	case "boolean":
		return switchOf(v)
	case "choice":
		if isText {
			return choiceOf(c, s), true
		}
	}
	return v, true
}

// textOf takes numbers as their digits, since postal codes and phone numbers
// often come as such.
func textOf(v any) (any, bool) {
	switch x := v.(type) {
	case nil, string:
		return x, true
	case json.Number:
		return x.String(), true
	}
	return nil, false
}

func switchOf(v any) (any, bool) {
	switch x := v.(type) {
	case nil, bool:
		return x, true
	case json.Number:
		return switchOf(x.String())
	case string:
		switch strings.ToLower(x) {
		case "true", "yes", "on", "1", "y", "ja":
			return true, true
		case "false", "no", "off", "0", "n", "nein":
			return false, true
		}
	}
	return nil, false
}

func choiceOf(c *metadata.Column, s string) any {
	if o, ok := c.OptionByLabel(s); ok {
		return o.Value
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n
	}
	return s // the column refuses it in its own words
}

// faultOf says an error of a column as a fault.
func faultOf(column string, err error) *Fault {
	var e *errs.Error
	if errors.As(err, &e) {
		return &Fault{column, e.Code, strings.TrimPrefix(e.Message, column+": ")}
	}
	return &Fault{column, "column.invalid", "the value can't be taken"}
}
