package flow

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/expr"
	"github.com/rapport-platform/rapport/internal/ground/id"
)

// The limits of a definition.
const (
	maxSteps   = 500
	maxNesting = 10
)

// Program is a compiled definition. It does not change and is safe for
// concurrent use.
type Program struct {
	ID      id.ID // of the row in workflow; id.Nil if it has none
	Name    string
	Version int64
	Title   string

	text      []byte // the definition as it was written
	hash      string
	input     map[string]Field
	secrets   map[string]bool
	runName   template
	regarding template
	code      []instruction
	keeps     map[string]bool // ids of steps whose output a later expression reads
	keepsAll  bool
}

// Text gives the definition as it was written.
func (p *Program) Text() []byte { return p.text }

// Compile reads a definition and checks it wholly: the error's Fields name
// every problem by the place where it is. See Checker for what check does.
func Compile(text []byte, check *Checker) (*Program, error) {
	d, err := ParseDocument(text)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(text)
	p := &Program{Name: d.Name, Version: 1, Title: d.Title, text: text, hash: hex.EncodeToString(sum[:]), input: d.Input, secrets: map[string]bool{}, keeps: map[string]bool{}}
	if p.Title == "" {
		p.Title = p.Name
	}
	for _, s := range d.Secrets {
		p.secrets[strings.ToLower(s)] = true
	}
	c := &compiler{program: p, check: check, ids: map[string]bool{}, items: map[string]bool{}}
	if !flowName.MatchString(d.Name) {
		c.problem("name", "name", "a flow needs a name of small letters, digits and hyphens")
	}
	if len(d.Steps) == 0 {
		c.problem("steps", "required", "a flow needs steps")
	}
	c.survey("steps", d.Steps, 0)
	if c.env, err = environment(c.items); err != nil {
		return nil, err
	}
	c.block("steps", d.Steps)
	p.code = append(p.code, &end{})
	p.runName = c.template("run_name", d.RunName)
	p.regarding = c.template("regarding", d.Regarding)
	return p, errs.InvalidFields("flow.invalid", "the definition can't be used as it stands", c.problems)
}

// environment declares the variables of expressions.
func environment(items map[string]bool) (*expr.Env, error) {
	vars := []expr.Var{{Name: "trigger"}, {Name: "steps"}, {Name: "vars"}, {Name: "run"}, {Name: "now", Kind: expr.Time}}
	for _, name := range slices.Sorted(maps.Keys(items)) {
		vars = append(vars, expr.Var{Name: name})
	}
	return expr.New(expr.Options{Vars: vars})
}

var (
	flowName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,99}$`)
	stepID   = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,63}$`)
	reserved = map[string]bool{"trigger": true, "steps": true, "vars": true, "run": true, "now": true}
)

type compiler struct {
	program  *Program
	check    *Checker
	env      *expr.Env
	ids      map[string]bool
	items    map[string]bool
	problems []errs.Field
	depth    int
}

func (c *compiler) problem(path, code, message string) {
	if len(c.problems) < 100 {
		c.problems = append(c.problems, errs.Field{Name: path, Code: code, Message: message})
	}
}

// survey collects the ids of all steps and the names of items before anything
// is compiled, since expressions may speak of any of them.
func (c *compiler) survey(path string, steps []Step, depth int) {
	if depth > maxNesting {
		c.problem(path, "nesting", "steps are nested too deeply")
		return
	}
	for i := range steps {
		s, at := &steps[i], fmt.Sprintf("%s[%d]", path, i)
		switch {
		case !stepID.MatchString(s.ID):
			c.problem(at, "id", "a step needs an id: a letter, then letters, digits and _")
		case c.ids[s.ID]:
			c.problem(at, "id", "two steps have the id "+s.ID)
		}
		c.ids[s.ID] = true
		if len(c.ids) > maxSteps {
			c.problem(at, "limit", "a flow has at most 500 steps")
			return
		}
		if s.Type == "foreach" {
			switch {
			case !stepID.MatchString(s.As) || reserved[s.As]:
				c.problem(at+".as", "name", "a foreach needs a name for its item")
			default:
				c.items[s.As] = true
			}
		}
		c.survey(at+".then", s.Then, depth+1)
		c.survey(at+".else", s.Else, depth+1)
		c.survey(at+".default", s.Default, depth+1)
		c.survey(at+".steps", s.Steps, depth+1)
		for k := range s.Cases {
			c.survey(fmt.Sprintf("%s.cases[%d]", at, k), s.Cases[k].Steps, depth+1)
		}
	}
}

func (c *compiler) emit(i instruction) int {
	c.program.code = append(c.program.code, i)
	return len(c.program.code) - 1
}

func (c *compiler) here() int { return len(c.program.code) }

func (c *compiler) block(path string, steps []Step) {
	c.depth++
	defer func() { c.depth-- }()
	if c.depth > maxNesting+1 {
		return
	}
	for i := range steps {
		c.step(fmt.Sprintf("%s[%d]", path, i), &steps[i])
	}
}

// step compiles one step into instructions.
func (c *compiler) step(path string, s *Step) {
	head := head{id: s.ID, kind: s.Type, title: s.Title, retry: c.retry(path, s.Retry)}
	c.unused(path, s)
	switch s.Type {
	case "condition":
		branch := &branch{head: head, test: c.needed(path+".if", s.If)}
		c.emit(branch)
		c.block(path+".then", s.Then)
		over := &jump{}
		c.emit(over)
		branch.otherwise = c.here()
		c.block(path+".else", s.Else)
		over.to = c.here()
	case "switch":
		c.choice(path, head, s)
	case "foreach":
		most := s.Most
		if most == 0 {
			most = 1000
		}
		if most < 1 || most > 10_000 {
			c.problem(path+".most", "range", "a foreach has at most 10,000 items")
		}
		begin := &loop{head: head, items: c.needed(path+".items", s.Items), as: s.As, most: most}
		c.emit(begin)
		next := &next{id: s.ID, as: s.As}
		at := c.emit(next)
		c.block(path+".steps", s.Steps)
		c.emit(&jump{to: at})
		next.done = c.here()
	case "wait":
		w := &pause{head: head}
		if (s.For == nil) == (s.Until == "") {
			c.problem(path, "wait", "a wait needs either for or until")
		}
		if s.For != nil {
			w.length = c.template(path+".for", s.For)
			if fixed, ok := w.length.(constant); ok {
				if _, err := waitLength(fixed.value); err != nil {
					c.problem(path+".for", "duration", "a duration looks like 90s, 15m or 2h30m")
				}
			}
		}
		if s.Until != "" {
			w.until = c.needed(path+".until", s.Until)
		}
		c.emit(w)
	case "terminate":
		status, ok := map[string]Status{"": Succeeded, "succeeded": Succeeded, "failed": Failed, "cancelled": Cancelled}[s.Status]
		if !ok {
			c.problem(path+".status", "status", "a run ends succeeded, failed or cancelled")
		}
		c.emit(&stop{head: head, status: status, message: c.template(path+".message", s.Message)})
	case "set":
		if len(s.Set) == 0 {
			c.problem(path+".set", "required", "set needs values")
		}
		c.emit(&assign{head: head, values: c.template(path+".set", s.Set)})
	default:
		if do := c.record(path, head, s); do != nil {
			c.emit(do)
		}
	}
}

func (c *compiler) choice(path string, h head, s *Step) {
	on := &choose{head: h, on: c.needed(path+".on", s.On)}
	c.emit(on)
	var over []*jump
	for k := range s.Cases {
		at := fmt.Sprintf("%s.cases[%d]", path, k)
		on.values = append(on.values, c.template(at+".value", s.Cases[k].Value))
		on.targets = append(on.targets, c.here())
		c.block(at+".steps", s.Cases[k].Steps)
		j := &jump{}
		c.emit(j)
		over = append(over, j)
	}
	if len(s.Cases) == 0 {
		c.problem(path+".cases", "required", "a switch needs cases")
	}
	on.otherwise = c.here()
	c.block(path+".default", s.Default)
	for _, j := range over {
		j.to = c.here()
	}
}

func (c *compiler) retry(path string, r *Retry) *retry {
	if r == nil {
		return nil
	}
	out := &retry{attempts: r.Attempts, delay: 5 * time.Second}
	if r.Attempts < 1 || r.Attempts > 20 {
		c.problem(path+".retry.attempts", "range", "a step is tried again 1 to 20 times")
	}
	if r.Delay != "" {
		d, err := time.ParseDuration(r.Delay)
		if err != nil || d < 0 || d > 24*time.Hour {
			c.problem(path+".retry.delay", "duration", "a delay looks like 10s or 5m, and is a day at most")
		}
		out.delay = d
	}
	return out
}

// needed compiles an expression that a step can't do without.
func (c *compiler) needed(path, text string) *expr.Program {
	if strings.TrimSpace(text) == "" {
		c.problem(path, "required", "an expression is needed")
		return nil
	}
	if e, ok := c.expression(path, text).(expression); ok {
		return e.program
	}
	return nil
}

// expression compiles CEL, and finds out which outputs it reads.
func (c *compiler) expression(path, text string) template {
	p, err := c.env.Compile(text)
	if err != nil {
		var bad *expr.InvalidError
		if errors.As(err, &bad) {
			for _, one := range bad.Problems {
				c.problem(path, "expression", fmt.Sprintf("line %d, column %d: %s", one.Line, one.Column, one.Message))
			}
		} else {
			c.problem(path, "expression", "the expression can't be used")
		}
		return constant{}
	}
	uses := p.Uses()
	for _, use := range uses {
		root, name, dotted := strings.Cut(use, ".")
		switch {
		case root == "steps" && dotted:
			c.program.keeps[name] = true
			if !c.ids[name] {
				c.problem(path, "unknown", "there is no step "+name)
			}
		case root == "steps" && !slices.ContainsFunc(uses, func(u string) bool { return strings.HasPrefix(u, "steps.") }):
			c.program.keepsAll = true // steps["x"]
		case root == "trigger" && dotted && len(c.program.input) > 0:
			if _, ok := c.program.input[name]; !ok {
				c.problem(path, "unknown", "the input of the flow has no "+name)
			}
		}
	}
	return expression{p}
}
