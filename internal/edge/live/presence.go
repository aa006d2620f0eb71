package live

import (
	"context"
	"slices"

	"github.com/rapport-platform/rapport/internal/ground/id"
)

// View says which record is on the subscriber's screen, so that others who look
// at it are told. The principal in the context must be able to read it. A
// subscription views one record, and is asked once.
func (s *Subscription) View(ctx context.Context, table string, record id.ID) error {
	h := s.hub
	t, ok := h.o.Catalog().Table(table)
	if !ok {
		return nil
	}
	if _, err := h.o.Reader.Get(ctx, table, record, []string{t.ID}, nil); err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, open := h.all[s]; !open || s.viewing.record != id.Nil {
		return nil
	}
	s.viewing = rowKey{table, record}
	if h.viewers[s.viewing] == nil {
		h.viewers[s.viewing] = map[*Subscription]struct{}{}
	}
	h.viewers[s.viewing][s] = struct{}{}
	h.moved(s.viewing)
	return nil
}

// leave takes a subscription from the record that it views; the hub is locked.
func (h *Hub) leave(s *Subscription) {
	if s.viewing.record == id.Nil {
		return
	}
	delete(h.viewers[s.viewing], s)
	if len(h.viewers[s.viewing]) == 0 {
		delete(h.viewers, s.viewing)
	}
	h.moved(s.viewing)
}

// moved tells all who view a record that somebody came or went; the hub is locked.
func (h *Hub) moved(key rowKey) {
	for s := range h.viewers[key] {
		s.mu.Lock()
		s.moved = true
		s.mu.Unlock()
		select {
		case s.ready <- struct{}{}:
		default:
		}
	}
}

// Viewers gives the other users who view the same record; changed is false when
// that is as it was when it was last asked. Those on other nodes are not known.
func (s *Subscription) Viewers() (users []id.ID, changed bool) {
	s.mu.Lock()
	changed, s.moved = s.moved, false
	s.mu.Unlock()
	if !changed {
		return nil, false
	}
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	for other := range s.hub.viewers[s.viewing] {
		if other.user != s.user && !slices.Contains(users, other.user) {
			users = append(users, other.user)
		}
	}
	slices.SortFunc(users, func(a, b id.ID) int { return slices.Compare(a[:], b[:]) })
	return users, true
}
