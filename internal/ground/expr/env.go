package expr

import (
	"sync"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// Kind says what a variable holds, so that the lint can find operands that
// never match. A value of another kind is no error: it is unknown.
type Kind uint8

// The kinds. Dyn holds anything, objects and lists among it.
const (
	Dyn    Kind = iota
	Text        // string
	Whole       // int64
	Number      // float64
	Bool        // bool
	Time        // time.Time
)

// Var declares a variable.
type Var struct {
	Name string
	Kind Kind
}

// Options say what expressions of an Env can use.
type Options struct {
	Vars []Var
	// CostLimit bounds one evaluation in CEL's cost units, of which one takes
	// some 50 ns; 0 means 100,000.
	CostLimit uint64
	// Timeout bounds one evaluation that loops; 0 means 250 ms.
	Timeout time.Duration
	// Cache is the number of compiled programs kept; 0 means 1,000.
	Cache int
}

// The limits of an expression's text.
const (
	MaxLength = 4096 // bytes
	maxDepth  = 50
)

// Env compiles expressions over a set of variables. It is safe for concurrent use.
type Env struct {
	cel     *cel.Env
	kinds   map[string]Kind
	options Options

	mu    sync.Mutex
	cache map[string]*Program
}

// New makes an Env.
func New(o Options) (*Env, error) {
	if o.CostLimit == 0 {
		o.CostLimit = 100_000
	}
	if o.Timeout == 0 {
		o.Timeout = 250 * time.Millisecond
	}
	if o.Cache == 0 {
		o.Cache = 1000
	}
	e := &Env{kinds: make(map[string]Kind, len(o.Vars)), options: o, cache: make(map[string]*Program)}
	opts := []cel.EnvOption{
		cel.CustomTypeAdapter(adapter{}),
		cel.CrossTypeNumericComparisons(true),
		cel.ParserRecursionLimit(maxDepth),
		cel.ParserExpressionSizeLimit(MaxLength),
		cel.ASTValidators(cel.ValidateRegexLiterals(), cel.ValidateTimestampLiterals(), cel.ValidateDurationLiterals(), cel.ValidateComprehensionNestingLimit(2)),
	}
	for _, v := range o.Vars {
		if _, twice := e.kinds[v.Name]; twice {
			return nil, errs.New(errs.Internal, "expr.variable", "the variable %q is declared twice", v.Name)
		}
		e.kinds[v.Name] = v.Kind
		opts = append(opts, cel.Variable(v.Name, cel.DynType))
	}
	var err error
	if e.cel, err = cel.NewEnv(append(opts, functions()...)...); err != nil {
		return nil, errs.Wrap(err, errs.Internal, "expr.environment", "the variables can't be declared")
	}
	return e, nil
}

// Compile checks a text and makes a program of it. What is wrong with the text
// comes as an *InvalidError.
func (e *Env) Compile(text string) (*Program, error) {
	e.mu.Lock()
	p, known := e.cache[text]
	e.mu.Unlock()
	if known {
		return p, nil
	}
	p, err := e.compile(text)
	if err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.cache) >= e.options.Cache {
		// The texts in use are few; a flood of different ones starts over.
		clear(e.cache)
	}
	e.cache[text] = p
	return p, nil
}

func (e *Env) compile(text string) (_ *Program, err error) {
	defer func() {
		// The texts come from people: whatever the parser does, it must not end the program.
		if p := recover(); p != nil {
			err = invalid([]Problem{{Line: 1, Column: 1, Message: "the expression can't be read"}})
		}
	}()
	if len(text) > MaxLength {
		return nil, invalid([]Problem{{Line: 1, Column: 1, Message: "the expression is too long"}})
	}
	checked, issues := e.cel.Compile(text)
	if issues.Err() != nil {
		return nil, invalid(problems(text, issues))
	}
	native := checked.NativeRep()
	if found := e.lint(native); len(found) > 0 {
		return nil, invalid(found)
	}
	program, err := e.cel.Program(checked, cel.CostLimit(e.options.CostLimit), cel.InterruptCheckFrequency(100),
		cel.EvalOptions(cel.OptOptimize), cel.CustomDecoratorV2(missingIsNull(native)))
	if err != nil {
		return nil, invalid([]Problem{{Line: 1, Column: 1, Message: "the expression can't be run"}})
	}
	return &Program{env: e, text: text, program: program, loops: loops(native), uses: e.uses(native)}, nil
}

// loops tells whether an expression walks through a list.
func loops(a *ast.AST) (found bool) {
	ast.PostOrderVisit(a.Expr(), ast.NewExprVisitor(func(x ast.Expr) {
		found = found || x.Kind() == ast.ComprehensionKind
	}))
	return found
}
