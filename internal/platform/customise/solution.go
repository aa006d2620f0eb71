package customise

import (
	"context"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// CheckSolution refuses the name of a solution that is not there.
func (s *Service) CheckSolution(ctx context.Context, name string) error {
	if name == DefaultSolution || name == "Active" {
		return nil
	}
	found, err := s.o.DB.QueryRow(ctx, "SELECT 1 FROM solution WHERE uniquename = "+s.o.DB.Dialect().Placeholder(1), []any{name}, new(int))
	if err == nil && !found {
		err = errs.New(errs.NotFound, "customise.solution", "there is no solution %q", name)
	}
	return err
}
