package expr

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/operators"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// Problem is one thing that is wrong with the text of an expression.
type Problem struct {
	Line    int    `json:"line"`   // from 1
	Column  int    `json:"column"` // from 1, in characters
	Message string `json:"message"`
}

// InvalidError says all that is wrong with a text. It unwraps to an *errs.Error
// of kind Invalid and code "expr.invalid".
type InvalidError struct {
	Problems []Problem
	err      *errs.Error
}

// Error gives the problems in one line.
func (e *InvalidError) Error() string { return e.err.Error() }

// Unwrap gives the error as callers show it.
func (e *InvalidError) Unwrap() error { return e.err }

func invalid(found []Problem) error {
	e := errs.New(errs.Invalid, "expr.invalid", "line %d, column %d: %s", found[0].Line, found[0].Column, found[0].Message)
	for _, p := range found {
		e.Fields = append(e.Fields, errs.Field{Name: fmt.Sprintf("%d:%d", p.Line, p.Column), Code: "expression", Message: p.Message})
	}
	return &InvalidError{Problems: found, err: e}
}

// Message gives what people may read of an error, all its complaints included:
// of one of ours or of an expression's. Of others, which may say what nobody
// should read, it gives only that it failed.
func Message(err error) string {
	if wrong, ok := errors.AsType[*InvalidError](err); ok {
		var parts []string
		for _, p := range wrong.Problems {
			parts = append(parts, fmt.Sprintf("line %d, column %d: %s", p.Line, p.Column, p.Message))
		}
		return strings.Join(parts, "; ")
	}
	e, ok := errors.AsType[*errs.Error](err)
	if !ok || e.Kind == errs.Internal {
		return "this can't be used"
	}
	parts := []string{e.Message}
	for _, f := range e.Fields {
		parts = append(parts, f.Name+": "+f.Message)
	}
	return strings.Join(parts, "; ")
}

func problems(text string, issues *cel.Issues) []Problem {
	var out []Problem
	for _, issue := range issues.Errors() {
		p := Problem{Line: max(issue.Location.Line(), 1), Column: max(issue.Location.Column()+1, 1), Message: plain(issue.Message)}
		if strings.TrimSpace(text) == "" {
			p = Problem{Line: 1, Column: 1, Message: "the expression is empty"}
		}
		if len(out) == 0 || out[len(out)-1] != p {
			out = append(out, p)
		}
		if len(out) == 10 {
			break
		}
	}
	return out
}

var (
	undeclared = regexp.MustCompile(`^undeclared reference to '([^']*)'`)
	overload   = regexp.MustCompile(`^found no matching overload for '([^']*)' applied to '([^']*)'`)
	syntax     = regexp.MustCompile(`^Syntax error: `)
)

// plain says the compiler's message in words for people who write rules.
func plain(message string) string {
	if m := undeclared.FindStringSubmatch(message); m != nil {
		if _, isOperator := operators.FindReverse(m[1]); isOperator || strings.HasPrefix(m[1], "@") {
			return "this can't be used here"
		}
		return fmt.Sprintf("there is no field or function “%s” here; texts stand in quotation marks", m[1])
	}
	if m := overload.FindStringSubmatch(message); m != nil {
		name := m[1]
		if sign, ok := operators.FindReverse(name); ok && sign != "" {
			name = sign
		}
		return fmt.Sprintf("“%s” can't be used with %s", name, kindsOf(m[2]))
	}
	if message == "invalid matches argument" {
		return "the pattern is not a valid regular expression"
	}
	if syntax.MatchString(message) {
		return "this is not complete or has a sign too many: " + syntax.ReplaceAllString(message, "")
	}
	return message
}

// kindsOf turns "string.(int, dyn)" into "a text and a whole number".
func kindsOf(signature string) string {
	names := strings.FieldsFunc(signature, func(r rune) bool { return strings.ContainsRune("(), ", r) })
	known := map[string]string{"string": "a text", "int": "a whole number", "uint": "a whole number", "double": "a number",
		"bool": "true or false", "google.protobuf.Timestamp": "an instant", "google.protobuf.Duration": "a duration", "null": "nothing", "dyn": "a value"}
	var words []string
	for _, n := range names {
		w := known[strings.TrimSuffix(n, ".")]
		if w == "" {
			w = "a list or object"
		}
		words = append(words, w)
	}
	if len(words) == 0 {
		return "nothing"
	}
	return strings.Join(words, " and ")
}
