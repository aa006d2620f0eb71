package expr

import (
	"maps"
	"slices"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
)

var kindWords = [...]string{Text: "a text", Whole: "a whole number", Number: "a number", Bool: "true or false", Time: "an instant"}

// lint finds operands that can never fit together. CEL would not say so,
// because every variable may be null and is therefore declared as anything.
func (e *Env) lint(a *ast.AST) (found []Problem) {
	ast.PostOrderVisit(a.Expr(), ast.NewExprVisitor(func(x ast.Expr) {
		if x.Kind() != ast.CallKind {
			return
		}
		call := x.AsCall()
		if message := e.mismatch(a, call); message != "" {
			start := a.SourceInfo().GetStartLocation(x.ID())
			found = append(found, Problem{Line: start.Line(), Column: start.Column() + 1, Message: message})
		}
	}))
	if k := e.kind(a, a.Expr()); len(found) == 0 && k == none {
		found = append(found, Problem{Line: 1, Column: 1, Message: "the expression gives no value that can be kept"})
	}
	return found
}

// none is the kind of what is no value: a type, a function.
const none Kind = 255

func (e *Env) mismatch(a *ast.AST, call ast.CallExpr) string {
	name := call.FunctionName()
	sign, known := operators.FindReverse(name)
	if call.IsMemberFunction() && call.Target() != nil {
		switch name {
		case "contains", "startsWith", "endsWith", "matches":
			if k := e.kind(a, call.Target()); k != Dyn && k != Text {
				return "“" + name + "” needs a text and stands after " + word(k)
			}
		}
	}
	if !known || len(call.Args()) != 2 {
		return ""
	}
	left, right := e.kind(a, call.Args()[0]), e.kind(a, call.Args()[1])
	if left == Dyn || right == Dyn || left == right {
		return ""
	}
	numbers := (left == Whole || left == Number) && (right == Whole || right == Number)
	switch name {
	case operators.Equals, operators.NotEquals, operators.Less, operators.LessEquals, operators.Greater, operators.GreaterEquals:
		if !numbers {
			return "“" + sign + "” compares " + word(left) + " with " + word(right)
		}
	case operators.Add, operators.Subtract, operators.Multiply, operators.Divide, operators.Modulo:
		if numbers {
			return "“" + sign + "” needs two numbers of the same kind: write 2.0 for 2, or double(…) around the whole number"
		}
		if left != Time && right != Time { // an instant and a duration go together
			return "“" + sign + "” joins " + word(left) + " and " + word(right) + "; text(…) makes a text of a value"
		}
	}
	return ""
}

func word(k Kind) string {
	if int(k) < len(kindWords) && kindWords[k] != "" {
		return kindWords[k]
	}
	return "something else"
}

// kind gives what is known of an operand before it is evaluated.
func (e *Env) kind(a *ast.AST, x ast.Expr) Kind {
	if x.Kind() == ast.IdentKind {
		if k, ok := e.kinds[x.AsIdent()]; ok {
			return k
		}
	}
	switch a.GetType(x.ID()).Kind() {
	case types.StringKind:
		return Text
	case types.IntKind, types.UintKind:
		return Whole
	case types.DoubleKind:
		return Number
	case types.BoolKind:
		return Bool
	case types.TimestampKind:
		return Time
	case types.TypeKind:
		return none
	}
	return Dyn
}

// uses lists the variables that an expression reads, with one level of fields.
func (e *Env) uses(a *ast.AST) []string {
	found := map[string]bool{}
	ast.PostOrderVisit(a.Expr(), ast.NewExprVisitor(func(x ast.Expr) {
		switch x.Kind() {
		case ast.IdentKind:
			if _, ok := e.kinds[x.AsIdent()]; ok {
				found[x.AsIdent()] = true
			}
		case ast.SelectKind:
			s := x.AsSelect()
			if o := s.Operand(); o.Kind() == ast.IdentKind {
				if _, ok := e.kinds[o.AsIdent()]; ok {
					found[o.AsIdent()+"."+s.FieldName()] = true
				}
			}
		}
	}))
	return slices.Sorted(maps.Keys(found))
}
