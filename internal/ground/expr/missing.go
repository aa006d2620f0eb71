package expr

import (
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/interpreter"
)

// missingIsNull makes a field or index that is not there null instead of an
// error, and has(a.b) false where already a is missing. It knows the presence
// tests of the expression by their ids.
func missingIsNull(a *ast.AST) interpreter.InterpretableDecoratorV2 {
	tests := map[int64]bool{}
	ast.PostOrderVisit(a.Expr(), ast.NewExprVisitor(func(x ast.Expr) {
		if x.Kind() == ast.SelectKind && x.AsSelect().IsTestOnly() {
			tests[x.ID()] = true
		}
	}))
	return func(i interpreter.InterpretableV2) (interpreter.InterpretableV2, error) {
		attribute, ok := i.(interpreter.InterpretableAttribute)
		if !ok {
			return i, nil
		}
		if _, done := i.(*lenient); done {
			return i, nil
		}
		return &lenient{InterpretableAttribute: attribute, test: tests[attribute.ID()]}, nil
	}
}

// lenient is an attribute that is null where it is missing.
type lenient struct {
	interpreter.InterpretableAttribute
	test bool // it stands in has(…)
}

func (l *lenient) Exec(frame *interpreter.ExecutionFrame) ref.Val {
	v := l.InterpretableAttribute.Exec(frame)
	e, failed := v.(*types.Err)
	if !failed || !missing(e) {
		return v
	}
	if l.test {
		return types.False
	}
	return types.NullValue
}

func (l *lenient) Eval(vars interpreter.Activation) ref.Val {
	return interpreter.EvalActivation(vars, l.Exec)
}

func missing(e *types.Err) bool {
	text := e.String()
	return strings.HasPrefix(text, "no such key") || strings.HasPrefix(text, "index out of bounds") ||
		strings.HasPrefix(text, "invalid qualifier type: types.Null") // the key itself is missing
}
