package process

import (
	"cmp"
	"context"
	"embed"
	"log/slog"
	"slices"

	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

//go:embed tables/*.yaml
var tables embed.FS

// Tables gives the definitions of the package's tables, made anew at each call.
func Tables() ([]*metadata.Table, error) { return metadata.Load(tables, "tables") }

// Category is the category of workflow rows that are processes.
const Category = 4

const activated = 1

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

// of gives the process that new records of a table follow.
func (s *Set) of(table string) *Process {
	return s.find(func(p *Process) bool { return p.Tables[table] != "" })
}

// by gives the process whose instances a table holds.
func (s *Set) by(instance string) *Process {
	return s.find(func(p *Process) bool { return p.Instance == instance })
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
	page, err := r.Find(ctx, query.Query{Table: "workflow", Select: []string{"workflowid", "name", "clientdata", "processorder"}, Where: query.And{
		query.Compare{Left: query.Path{"statecode"}, Value: int64(activated)}, query.Compare{Left: query.Path{"category"}, Value: int64(Category)}}})
	if err != nil {
		return nil, err
	}
	var list []*Process
	for _, row := range page.Rows {
		p, err := Compile(row.Text("clientdata"), catalog)
		if err != nil {
			logger.Warn("an active process can't be used and is left out", "process", row.Text("name"), "error", err)
			continue
		}
		p.ID, p.order = row.ID("workflowid"), row.Int("processorder")
		list = append(list, p)
	}
	return NewSet(list...), nil
}
