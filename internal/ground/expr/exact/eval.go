package exact

import (
	"math/big"
)

// The bounds of working out: a formula that passes them has no answer.
const (
	maxBits    = 1 << 16 // of a number's numerator or denominator
	maxPeriods = 1200    // of a payment
	maxDigits  = 12      // of round
)

// Eval works the formula out. A variable without a value, a division by nothing,
// and numbers beyond all measure are errors (errs.Invalid, formula.value).
func (f *Formula) Eval(vars map[string]*big.Rat) (*big.Rat, error) {
	v, err := f.root.number(vars)
	if err != nil {
		return nil, err
	}
	return new(big.Rat).Set(v), nil // never what a variable holds
}

func (n *node) number(vars map[string]*big.Rat) (*big.Rat, error) {
	switch n.op {
	case "num":
		return n.num, nil
	case "var":
		if v := vars[n.text]; v != nil {
			return v, nil
		}
		return nil, errValue("%s has no value", n.text)
	case "if":
		yes, err := n.args[0].holds(vars)
		if err != nil {
			return nil, err
		}
		if yes {
			return n.args[1].number(vars)
		}
		return n.args[2].number(vars)
	}
	args := make([]*big.Rat, len(n.args))
	for i := range n.args {
		v, err := n.args[i].number(vars)
		if err != nil {
			return nil, err
		}
		args[i] = v
	}
	out, err := apply(n.op, args)
	if err != nil {
		return nil, err
	}
	if out.Num().BitLen() > maxBits || out.Denom().BitLen() > maxBits {
		return nil, errValue("the numbers are too large")
	}
	return out, nil
}

func apply(op string, a []*big.Rat) (*big.Rat, error) {
	out := new(big.Rat)
	switch op {
	case "+":
		return out.Add(a[0], a[1]), nil
	case "-":
		return out.Sub(a[0], a[1]), nil
	case "*":
		return out.Mul(a[0], a[1]), nil
	case "/":
		if a[1].Sign() == 0 {
			return nil, errValue("nothing can be divided by 0")
		}
		return out.Quo(a[0], a[1]), nil
	case "neg":
		return out.Neg(a[0]), nil
	case "min", "max":
		if (a[0].Cmp(a[1]) < 0) == (op == "min") {
			return a[0], nil
		}
		return a[1], nil
	case "round":
		if !a[1].IsInt() || a[1].Sign() < 0 || a[1].Cmp(big.NewRat(maxDigits, 1)) > 0 {
			return nil, errValue("round takes 0 to %d digits", maxDigits)
		}
		return Round(a[0], int(a[1].Num().Int64())), nil
	case "payment":
		return payment(a[0], a[1], a[2])
	}
	return nil, errValue("%s is unknown", op)
}

// payment gives the equal payment by which an amount is paid back in a number of
// periods at a rate a period.
func payment(rate, periods, amount *big.Rat) (*big.Rat, error) {
	if !periods.IsInt() || periods.Sign() <= 0 || periods.Cmp(big.NewRat(maxPeriods, 1)) > 0 {
		return nil, errValue("a payment has 1 to %d periods", maxPeriods)
	}
	n := periods.Num().Int64()
	if rate.Sign() == 0 {
		return new(big.Rat).Quo(amount, periods), nil
	}
	// With growth g = 1+rate it is amount·rate·gⁿ / (gⁿ − 1).
	growth := new(big.Rat).Add(rate, big.NewRat(1, 1))
	if growth.Sign() <= 0 || max(growth.Num().BitLen(), growth.Denom().BitLen())*int(n) > maxBits {
		return nil, errValue("the rate can't be worked with")
	}
	power := new(big.Rat).SetFrac(new(big.Int).Exp(growth.Num(), big.NewInt(n), nil), new(big.Int).Exp(growth.Denom(), big.NewInt(n), nil))
	less := new(big.Rat).Sub(power, big.NewRat(1, 1))
	if less.Sign() == 0 {
		return nil, errValue("the rate can't be worked with")
	}
	out := new(big.Rat).Mul(amount, rate)
	return out.Quo(out.Mul(out, power), less), nil
}

func (n *node) holds(vars map[string]*big.Rat) (bool, error) {
	switch n.op {
	case "not":
		v, err := n.args[0].holds(vars)
		return !v, err
	case "and", "or":
		v, err := n.args[0].holds(vars)
		if err != nil || v == (n.op == "or") {
			return v, err
		}
		return n.args[1].holds(vars)
	}
	a, err := n.args[0].number(vars)
	if err != nil {
		return false, err
	}
	b, err := n.args[1].number(vars)
	if err != nil {
		return false, err
	}
	c := a.Cmp(b)
	switch n.op {
	case "<":
		return c < 0, nil
	case "<=":
		return c <= 0, nil
	case ">":
		return c > 0, nil
	case ">=":
		return c >= 0, nil
	case "==":
		return c == 0, nil
	}
	return c != 0, nil
}
