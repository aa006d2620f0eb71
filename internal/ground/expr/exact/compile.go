package exact

import (
	"math/big"
	"slices"
	"strconv"
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// The limits of a formula.
const (
	MaxLength = 1000 // bytes of its text
	maxDepth  = 30
)

// node is a formula as a tree: ["num", "0.1"], ["var", "amount"], or an operator
// with what it works on.
type node struct {
	op   string
	text string   // of num and var
	num  *big.Rat // of num
	args []node
}

// Formula is a compiled formula. It does not change.
type Formula struct {
	root node
	uses []string
}

// operatorsOf names what stands for CEL's operators and functions, and how many
// operands it takes.
var operatorsOf = map[string]struct {
	op   string
	args int
}{
	operators.Add: {"+", 2}, operators.Subtract: {"-", 2}, operators.Multiply: {"*", 2}, operators.Divide: {"/", 2}, operators.Negate: {"neg", 1},
	operators.Less: {"<", 2}, operators.LessEquals: {"<=", 2}, operators.Greater: {">", 2}, operators.GreaterEquals: {">=", 2}, operators.Equals: {"==", 2}, operators.NotEquals: {"!=", 2},
	operators.LogicalAnd: {"and", 2}, operators.LogicalOr: {"or", 2}, operators.LogicalNot: {"not", 1}, operators.Conditional: {"if", 3},
	"payment": {"payment", 3}, "round": {"round", 2}, "min": {"min", 2}, "max": {"max", 2},
}

// truths are the operators that give yes or no, and those that take it.
var (
	gives = []string{"<", "<=", ">", ">=", "==", "!=", "and", "or", "not"}
	takes = []string{"and", "or", "not"}
)

var parser = sync.OnceValues(func() (*cel.Env, error) {
	return cel.NewEnv(cel.ParserRecursionLimit(maxDepth), cel.ParserExpressionSizeLimit(MaxLength), cel.ClearMacros())
})

func bad(format string, args ...any) error {
	return errs.New(errs.Invalid, "formula.invalid", format, args...)
}

// Compile reads a formula over the variables that are named.
func Compile(text string, vars []string) (*Formula, error) {
	if len(text) > MaxLength {
		return nil, bad("a formula has at most %d characters", MaxLength)
	}
	env, err := parser()
	if err != nil {
		return nil, errs.Wrap(err, errs.Internal, "formula.environment", "formulas can't be read")
	}
	tree, issues := env.Parse(text)
	if issues.Err() != nil {
		return nil, bad("this is no formula: %s", issues.Errors()[0].Message)
	}
	f := &Formula{}
	if f.root, err = f.read(tree.NativeRep().Expr(), vars, 0); err != nil {
		return nil, err
	}
	if f.root.truth() {
		return nil, bad("a formula gives a number, this one says yes or no")
	}
	return f, nil
}

// Uses lists the variables that the formula reads, each once.
func (f *Formula) Uses() []string { return f.uses }

func (n *node) truth() bool { return slices.Contains(gives, n.op) }

func (f *Formula) read(e ast.Expr, vars []string, depth int) (node, error) {
	if depth > maxDepth {
		return node{}, bad("the formula is nested too deep")
	}
	switch e.Kind() {
	case ast.LiteralKind:
		switch v := e.AsLiteral().Value().(type) {
		case int64:
			return literal(strconv.FormatInt(v, 10))
		case uint64:
			return literal(strconv.FormatUint(v, 10))
		case float64:
			return literal(strconv.FormatFloat(v, 'f', -1, 64))
		}
		return node{}, bad("a formula works with numbers only")
	case ast.IdentKind:
		name := e.AsIdent()
		if !slices.Contains(vars, name) {
			return node{}, bad("%s is not known here", name)
		}
		if !slices.Contains(f.uses, name) {
			f.uses = append(f.uses, name)
		}
		return node{op: "var", text: name}, nil
	case ast.CallKind:
		return f.call(e.AsCall(), vars, depth)
	}
	return node{}, bad("a formula has numbers, names, operators and functions only")
}

func (f *Formula) call(c ast.CallExpr, vars []string, depth int) (node, error) {
	known, ok := operatorsOf[c.FunctionName()]
	if !ok || c.IsMemberFunction() {
		return node{}, bad("%s is no function of formulas", c.FunctionName())
	}
	if len(c.Args()) != known.args {
		return node{}, bad("%s takes %d values", known.op, known.args)
	}
	n := node{op: known.op}
	for i, a := range c.Args() {
		arg, err := f.read(a, vars, depth+1)
		if err != nil {
			return node{}, err
		}
		wants := slices.Contains(takes, n.op) || n.op == "if" && i == 0
		if arg.truth() != wants {
			if wants {
				return node{}, bad("%s needs a comparison here, not a number", known.op)
			}
			return node{}, bad("%s needs a number here, not a comparison", known.op)
		}
		n.args = append(n.args, arg)
	}
	return n, nil
}

func literal(text string) (node, error) {
	v, ok := new(big.Rat).SetString(text)
	if !ok {
		return node{}, bad("%s is no number", text)
	}
	return node{op: "num", text: text, num: v}, nil
}

// Tree gives the formula for its JSON: arrays of an operator and its operands.
func (f *Formula) Tree() any { return f.root.tree() }

func (n *node) tree() []any {
	out := []any{n.op}
	if n.op == "num" || n.op == "var" {
		return append(out, n.text)
	}
	for i := range n.args {
		out = append(out, n.args[i].tree())
	}
	return out
}
