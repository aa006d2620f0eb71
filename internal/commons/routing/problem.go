package routing

import (
	"fmt"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/expr"
	"github.com/rapport-platform/rapport/internal/ground/id"
)

// Level says how bad a problem of a rule set is.
type Level string

// The levels. A set with faults can't be activated; warnings must be accepted.
const (
	Fault   Level = "fault"
	Warning Level = "warning"
)

// Problem is something wrong with a rule set.
type Problem struct {
	Level   Level  `json:"level"`
	Code    string `json:"code"`
	Rule    id.ID  `json:"ruleid"` // id.Nil: the set as a whole
	Name    string `json:"rule"`
	Column  string `json:"column,omitempty"`
	Other   id.ID  `json:"otherid"` // the rule that is in the way
	Message string `json:"message"`
}

// problem tells what is wrong with a column of a rule.
func (r *Rule) problem(level Level, column string, err error) Problem {
	return Problem{Level: level, Code: errs.CodeOf(err), Rule: r.ID, Name: r.Name, Column: column, Message: expr.Message(err)}
}

// found tells of a rule what has no error of its own.
func (r *Rule) found(level Level, code, format string, args ...any) Problem {
	return Problem{Level: level, Code: code, Rule: r.ID, Name: r.Name, Message: fmt.Sprintf(format, args...)}
}
