package expr

import (
	"context"
	"errors"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/interpreter"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// ErrUnknown is the target for errors.Is when an expression met a missing value
// or one of another kind where it needed one.
var ErrUnknown = errs.New(errs.Invalid, "expr.unknown",
	"the expression meets an empty value or one of another kind; say what should stand there by coalesce(…) or text(…)")

// Program is a compiled expression. It is safe for concurrent use.
type Program struct {
	env     *Env
	text    string
	program cel.Program
	loops   bool
	uses    []string
}

// Text gives the expression as it was written.
func (p *Program) Text() string { return p.text }

// Uses lists what the expression reads, sorted: variables, and the fields of
// those that hold objects, such as "context.page".
func (p *Program) Uses() []string { return p.uses }

// Eval gives the expression's value: nil, bool, int64, float64, string,
// time.Time, []any or map[string]any of these. Variables that vars lacks are null.
func (p *Program) Eval(ctx context.Context, vars map[string]any) (any, error) {
	v, err := p.run(ctx, vars)
	if err != nil {
		return nil, err
	}
	return result(v, 0)
}

// Bool evaluates a condition. What can't be decided because a value is missing
// is false; a value that is neither true nor false is an error.
func (p *Program) Bool(ctx context.Context, vars map[string]any) (bool, error) {
	v, err := p.run(ctx, vars)
	if errors.Is(err, ErrUnknown) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	switch b := v.Value().(type) {
	case bool:
		return b, nil
	default:
		if v.Type().TypeName() == "null_type" {
			return false, nil
		}
		return false, errs.New(errs.Invalid, "expr.not_a_condition", "a condition must come out as true or false")
	}
}

func (p *Program) run(ctx context.Context, vars map[string]any) (ref.Val, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	in := activation{vars: vars, kinds: p.env.kinds}
	if !p.loops {
		v, _, err := p.program.Eval(in)
		return v, failure(ctx, err)
	}
	limited, cancel := context.WithTimeout(ctx, p.env.options.Timeout)
	defer cancel()
	v, _, err := p.program.ContextEval(limited, in)
	return v, failure(ctx, err)
}

// failure turns the evaluator's error into one of ours. The evaluator's words
// may repeat values, so they go into the cause, which is logged and not shown.
func failure(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if e := ctx.Err(); e != nil {
		return e
	}
	var cancelled interpreter.EvalCancelledError
	if errors.As(err, &cancelled) || errors.Is(err, context.DeadlineExceeded) {
		return errs.Wrap(err, errs.Invalid, "expr.too_costly", "the expression takes too long")
	}
	if strings.Contains(err.Error(), "no such overload") {
		unknown := *ErrUnknown
		unknown.Cause = err
		return &unknown
	}
	return errs.Wrap(err, errs.Invalid, "expr.failed", "the expression fails on these values")
}

// activation gives the evaluator the caller's variables; those declared but not
// given are null.
type activation struct {
	vars  map[string]any
	kinds map[string]Kind
}

func (a activation) ResolveName(name string) (any, bool) {
	if v, ok := a.vars[name]; ok {
		return v, true
	}
	_, declared := a.kinds[name]
	return nil, declared
}

func (a activation) Parent() cel.Activation { return nil }
