package process

import (
	"cmp"
	"context"
	"embed"
	"log/slog"
	"slices"

	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/workflow"
)

//go:embed tables/*.yaml
var tables embed.FS

// Tables gives the definitions of the package's tables, made anew at each call.
func Tables() ([]*metadata.Table, error) { return metadata.Load(tables, "tables") }

// Category is the category of workflow rows that are processes.
const Category = 4

// Set is the processes in force. It is never changed; a nil one is empty.
type Set struct{ list []*Process }

// NewSet brings processes together, those of the least order first.
func NewSet(list ...*Process) *Set {
	s := &Set{slices.Clone(list)}
	slices.SortStableFunc(s.list, func(a, b *Process) int {
		return cmp.Or(cmp.Compare(a.order, b.order), cmp.Compare(a.Name, b.Name))
	})
	return s
}

// of gives the process that a new record of a table begins: the first whose
// condition holds for it.
func (s *Set) of(table string, row record.Row) *Process {
	return s.find(func(p *Process) bool {
		if p.Tables[table] == "" {
			return false
		}
		only := p.only[table]
		if only == nil {
			return len(p.For) == 0
		}
		holds, err := only.Match(row)
		return holds && err == nil
	})
}

// followed gives the process that a record goes by, which it names.
func (s *Set) followed(table string, row record.Row) *Process {
	named := row.ID("processid")
	return s.find(func(p *Process) bool { return p.Tables[table] != "" && p.ID == named })
}

// by gives the process whose instances a table holds.
func (s *Set) by(instance string) *Process {
	return s.find(func(p *Process) bool { return p.Instance == instance })
}

// all lists the processes in their order.
func (s *Set) all() []*Process {
	if s == nil {
		return nil
	}
	return s.list
}

func (s *Set) find(is func(*Process) bool) *Process {
	if s == nil {
		return nil
	}
	if i := slices.IndexFunc(s.list, is); i >= 0 {
		return s.list[i]
	}
	return nil
}

// Load reads the active processes. One that can't be used is logged and left out.
func Load(ctx context.Context, r record.Reader, catalog *metadata.Catalog, logger *slog.Logger) (*Set, error) {
	list, err := workflow.Active(ctx, r, Definitions(), logger, func(row record.Row) (*Process, error) {
		p, err := Compile(row.Text("clientdata"), catalog)
		if err != nil {
			return nil, err
		}
		p.ID, p.order = row.ID("workflowid"), row.Int("processorder")
		return p, nil
	})
	if err != nil {
		return nil, err
	}
	return NewSet(list...), nil
}
