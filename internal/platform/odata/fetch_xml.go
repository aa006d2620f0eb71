package odata

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// Bounds of a FetchXML text. A URL is bounded before it comes here; a batch and
// a saved query may hold more.
const (
	fetchBytes = 128 << 10
	fetchDepth = 40
	fetchNodes = 5_000
)

// element is an XML element. FetchXML has text only where it has no children.
type element struct {
	name  string
	attrs []xml.Attr
	below []*element
	text  string
	path  string // where it stands, for complaints
}

func (e *element) attr(name string) string {
	for _, a := range e.attrs {
		if a.Name.Local == name {
			return strings.TrimSpace(a.Value)
		}
	}
	return ""
}

// only refuses attributes that FetchXML does not know here.
func (e *element) only(names ...string) error {
	for _, a := range e.attrs {
		known := false
		for _, n := range names {
			known = known || n == a.Name.Local
		}
		if !known && a.Name.Space == "" && a.Name.Local != "xmlns" {
			return e.fail("the attribute %q is unknown", clip(a.Name.Local))
		}
	}
	return nil
}

func (e *element) fail(format string, args ...any) error {
	err := errs.New(errs.Invalid, "fetch.invalid", format, args...)
	err.Message = "fetchXml, " + e.path + ": " + err.Message
	return err
}

// wrap adds the place to an error of another package, whose code stays.
func (e *element) wrap(err error) error {
	known, ok := errors.AsType[*errs.Error](err)
	if !ok || strings.HasPrefix(known.Message, "fetchXml, ") {
		return err
	}
	copied := *known
	copied.Message = "fetchXml, " + e.path + ": " + known.Message
	return &copied
}

// parseXML reads one element and what is in it. There is no DTD, hence no
// entities of one's own, in FetchXML.
func parseXML(text string) (*element, error) {
	bad := func(format string, args ...any) error {
		return errs.New(errs.Invalid, "fetch.xml", "fetchXml: "+format, args...)
	}
	if len(text) > fetchBytes {
		return nil, bad("the text is longer than %d bytes", fetchBytes)
	}
	d := xml.NewDecoder(strings.NewReader(text))
	var root *element
	var open []*element
	nodes := 0
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			line, column := d.InputPos()
			return nil, bad("the text is not well-formed at line %d, character %d", line, column)
		}
		switch tok := tok.(type) {
		case xml.Directive:
			return nil, bad("a document type is not allowed")
		case xml.ProcInst:
			if tok.Target != "xml" {
				return nil, bad("processing instructions are not allowed")
			}
		case xml.StartElement:
			if nodes++; nodes > fetchNodes || len(open) >= fetchDepth {
				return nil, bad("the query has more than %d elements, or they are nested more than %d deep", fetchNodes, fetchDepth)
			}
			e := &element{name: tok.Name.Local, attrs: tok.Copy().Attr, path: "<" + clip(tok.Name.Local) + ">"}
			if len(open) == 0 {
				if root != nil {
					return nil, bad("there is more than one query")
				}
				root = e
			} else {
				above := open[len(open)-1]
				above.below = append(above.below, e)
				e.path = above.path + " " + e.path
			}
			if hint := e.attr("name") + e.attr("attribute"); hint != "" {
				e.path = strings.TrimSuffix(e.path, ">") + " " + clip(hint) + ">"
			}
			open = append(open, e)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			if len(open) > 0 {
				open[len(open)-1].text += string(tok)
			} else if strings.TrimSpace(string(tok)) != "" {
				return nil, bad("there is text outside the query")
			}
		}
	}
	if root == nil {
		return nil, bad("there is no query")
	}
	return root, nil
}
