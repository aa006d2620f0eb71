package exact_test

import (
	"encoding/json"
	"math/big"
	"strings"
	"testing"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/expr/exact"
)

func values(pairs ...string) map[string]*big.Rat {
	out := map[string]*big.Rat{}
	for i := 0; i < len(pairs); i += 2 {
		v, ok := exact.Parse(pairs[i+1])
		if !ok {
			panic(pairs[i+1])
		}
		out[pairs[i]] = v
	}
	return out
}

func TestEval(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		formula string
		digits  int
		want    string
	}{
		{"0.1 + 0.2", 20, "0.30000000000000000000"},
		{"amount * months", 2, "2400000.00"},
		{"payment(0.039 / 12, 120, 200000)", 2, "2015.41"},
		{"payment(0, 8, 100)", 2, "12.50"},
		{"round(2.675, 2)", 2, "2.68"},
		{"round(-2.675, 2)", 2, "-2.68"},
		{"-amount + 3", 0, "-19997"},
		{"amount > 1000 && months <= 120 ? min(7, 8) : max(1, 2)", 0, "7"},
		{"!(amount > 1000) || months == 1 ? 1 : 2", 0, "2"},
		{"amount / 3 * 3 - amount", 30, "0." + strings.Repeat("0", 30)},
	} {
		f, err := exact.Compile(test.formula, []string{"amount", "months"})
		if err != nil {
			t.Errorf("%s: %v", test.formula, err)
			continue
		}
		v, err := f.Eval(values("amount", "20000", "months", "120"))
		if err != nil {
			t.Errorf("%s: %v", test.formula, err)
		} else if got := exact.Text(v, test.digits); got != test.want {
			t.Errorf("%s is %s, want %s", test.formula, got, test.want)
		}
	}
}

// A payment pays back what was borrowed, with interest, to the last part: the
// debt after the last period is nothing at all.
func TestPaymentPaysBack(t *testing.T) {
	t.Parallel()
	f, err := exact.Compile("payment(rate, months, amount)", []string{"rate", "months", "amount"})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []map[string]*big.Rat{values("rate", "0.005", "months", "360", "amount", "250000"), values("rate", "0.00325", "months", "7", "amount", "999.99")} {
		pay, err := f.Eval(v)
		if err != nil {
			t.Fatal(err)
		}
		debt := new(big.Rat).Set(v["amount"])
		for range v["months"].Num().Int64() {
			debt.Add(debt, new(big.Rat).Mul(debt, v["rate"])).Sub(debt, pay)
		}
		if debt.Sign() != 0 {
			t.Errorf("a debt of %s is left", debt.FloatString(20))
		}
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	for _, formula := range []string{"", "1 +", "other + 1", `"a"`, "amount > 1", "true", "amount ? 1 : 2", "(amount > 1) + 1", "size(amount)", "amount.x", "[1][0]", "amount.round(1)",
		"min(1)", "has(amount.x)", strings.Repeat("(", 40) + "1" + strings.Repeat(")", 40), strings.Repeat("1+", 600) + "1", "!amount > 1 ? 1 : 2"} {
		if _, err := exact.Compile(formula, []string{"amount"}); errs.CodeOf(err) != "formula.invalid" {
			t.Errorf("%.40q: %v", formula, err)
		}
	}
	for _, formula := range []string{"1 / (amount - amount)", "payment(0.01, 0, amount)", "payment(0.01, 1.5, amount)", "payment(0.01, 100000, amount)", "payment(-1, 3, amount)",
		"payment(0.000000000001, 1200, payment(0.000000000001, 1200, payment(0.000000000001, 1200, amount)))", "round(amount, 99)", "missing"} {
		f, err := exact.Compile(formula, []string{"amount", "missing"})
		if err != nil {
			t.Errorf("%s: %v", formula, err)
			continue
		}
		if v, err := f.Eval(values("amount", "1")); errs.CodeOf(err) != "formula.value" {
			t.Errorf("%s is %v, %v", formula, v, err)
		}
	}
}

func TestTreeAndUses(t *testing.T) {
	t.Parallel()
	f, err := exact.Compile("round(b * 1.5 + a, 2) > 0 ? b : -a", []string{"a", "b"})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(f.Tree())
	if want := `["if",["\u003e",["round",["+",["*",["var","b"],["num","1.5"]],["var","a"]],["num","2"]],["num","0"]],["var","b"],["neg",["var","a"]]]`; err != nil || string(text) != want {
		t.Errorf("tree %s, %v", text, err)
	}
	if uses := strings.Join(f.Uses(), " "); uses != "b a" {
		t.Errorf("uses %s", uses)
	}
	for _, no := range []string{"", "1e3", "0x1", "1,5", "NaN", "1/3", " 1"} {
		if _, ok := exact.Parse(no); ok {
			t.Errorf("%q is taken for a number", no)
		}
	}
}

func FuzzCompile(f *testing.F) {
	f.Add("payment(rate / 12, months, amount) * months")
	f.Add("a > 1 ? round(a, 2) : -a")
	f.Fuzz(func(t *testing.T, text string) {
		formula, err := exact.Compile(text, []string{"a", "amount", "months", "rate"})
		if err != nil {
			return
		}
		v, err := formula.Eval(values("a", "1.5", "amount", "1000", "months", "12", "rate", "0.05"))
		if err == nil && v == nil {
			t.Error("neither a value nor an error")
		}
	})
}
