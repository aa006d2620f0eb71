package expr

import (
	"math"
	"reflect"
	"strconv"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"cel.dev/cel-go/parser"
	"google.golang.org/protobuf/types/known/structpb"

	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
)

// functions are those that come on top of CEL's own. Each result is at most as
// long as what goes in, so that the cost limit also bounds the memory.
func functions() []cel.EnvOption {
	return []cel.EnvOption{
		onText("lower", strings.ToLower), onText("upper", strings.ToUpper), onText("trim", strings.TrimSpace),
		cel.Function("text", cel.Overload("text_dyn", []*cel.Type{cel.DynType}, cel.StringType, cel.UnaryBinding(text))),
		cel.Function("empty", cel.Overload("empty_dyn", []*cel.Type{cel.DynType}, cel.BoolType, cel.UnaryBinding(empty))),
		cel.Function("years", cel.Overload("years_time_time", []*cel.Type{cel.TimestampType, cel.TimestampType}, cel.IntType, cel.BinaryBinding(years))),
		cel.Function("payment", cel.Overload("payment_double", []*cel.Type{cel.DoubleType, cel.DoubleType, cel.DoubleType}, cel.DoubleType, cel.FunctionBinding(payment))),
		cel.Macros(cel.GlobalVarArgMacro("coalesce", coalesce)),
	}
}

func onText(name string, f func(string) string) cel.EnvOption {
	return cel.Function(name, cel.Overload(name+"_string", []*cel.Type{cel.StringType}, cel.StringType, cel.UnaryBinding(func(v ref.Val) ref.Val {
		s, ok := v.(types.String)
		if !ok {
			return types.MaybeNoSuchOverloadErr(v)
		}
		return types.String(f(string(s)))
	})))
}

// text gives a value as a text; that of null is empty.
func text(v ref.Val) ref.Val {
	switch x := v.(type) {
	case types.Null:
		return types.String("")
	case types.String:
		return x
	case types.Double:
		return types.String(strconv.FormatFloat(float64(x), 'f', -1, 64))
	}
	switch v.(type) {
	case traits.Lister, traits.Mapper:
		// What people and machines send is of any shape: as text it is its JSON.
		return jsonText(v)
	}
	return v.ConvertToType(types.StringType)
}

func jsonText(v ref.Val) ref.Val {
	native, err := v.ConvertToNative(reflect.TypeFor[*structpb.Value]())
	if err != nil {
		return types.NewErr("this list or object has no JSON form")
	}
	out, err := native.(*structpb.Value).MarshalJSON()
	if err != nil {
		return types.NewErr("this list or object has no JSON form")
	}
	return types.String(out)
}

// years gives the full years from one day to another, as ages are counted.
func years(from, to ref.Val) ref.Val {
	a, ok := from.(types.Timestamp)
	b, also := to.(types.Timestamp)
	if !ok || !also {
		return types.MaybeNoSuchOverloadErr(from)
	}
	x, y := a.UTC(), b.UTC()
	n := y.Year() - x.Year()
	if y.Month() < x.Month() || y.Month() == x.Month() && y.Day() < x.Day() {
		n--
	}
	return types.Int(n)
}

// payment gives the equal payment by which an amount is paid back in a number of
// periods at a rate a period (0.01 is one percent).
func payment(args ...ref.Val) ref.Val {
	var n [3]float64
	for i, a := range args {
		d, ok := a.(types.Double)
		if !ok {
			return types.MaybeNoSuchOverloadErr(a)
		}
		n[i] = float64(d)
	}
	rate, periods, amount := n[0], n[1], n[2]
	if rate == 0 {
		return types.Double(amount / periods)
	}
	return types.Double(amount * rate / (1 - math.Pow(1+rate, -periods)))
}

// empty tells whether there is nothing: null, a blank text, an empty list or object.
func empty(v ref.Val) ref.Val {
	switch x := v.(type) {
	case types.Null:
		return types.True
	case types.String:
		return types.Bool(strings.TrimSpace(string(x)) == "")
	case traits.Sizer:
		return types.Bool(x.Size() == types.Int(0))
	}
	return types.False
}

// coalesce(a, b, c) stands for empty(a) ? (empty(b) ? c : b) : a. What comes
// later is not evaluated once something is found.
func coalesce(h parser.ExprHelper, _ ast.Expr, args []ast.Expr) (ast.Expr, *common.Error) {
	if len(args) == 0 || len(args) > 8 {
		return nil, h.NewError(0, "coalesce takes one to eight values")
	}
	out := h.NewCall("dyn", args[len(args)-1])
	for i := len(args) - 2; i >= 0; i-- {
		out = h.NewCall(operators.Conditional, h.NewCall("empty", args[i]), out, h.NewCall("dyn", h.Copy(args[i])))
	}
	return out, nil
}
