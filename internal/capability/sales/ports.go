package sales

import "github.com/rapport-platform/rapport/internal/ground/id"

// Teams answers who works in a team.
type Teams interface {
	// Members lists the enabled users of a team.
	Members(team id.ID) []id.ID
}
