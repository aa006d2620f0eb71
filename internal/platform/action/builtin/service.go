package builtin

import (
	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/changelog"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Options are what the actions need.
type Options struct {
	Store        *record.Store
	Access       *access.Control
	Log          *changelog.Log
	Jobs         *job.Queue
	Clock        clock.Clock
	Organization id.ID
	Name         string // of the organisation
}

// Service does the platform's own actions.
type Service struct{ o Options }

// New makes the service.
func New(o Options) *Service { return &Service{o} }

// Define declares the actions.
func (s *Service) Define(r *action.Registry) {
	s.defineShares(r)
	s.defineAssign(r)
	s.defineTeams(r)
	s.defineRecordTeams(r)
	s.defineRoles(r)
	s.defineHistory(r)
	s.defineCounts(r)
	s.defineRollups(r)
	s.defineOrganisation(r)
	s.defineInitialize(r)
	s.defineBulkDelete(r)
}

func (s *Service) catalog() *metadata.Catalog { return s.o.Store.Catalog() }
