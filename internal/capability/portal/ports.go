package portal

import (
	"context"

	"github.com/rapport-platform/rapport/internal/kit/cloudevents"
)

// Publisher stores events of a topic and returns once they are on disk, all or
// none. It keeps nothing of the events after it has returned.
type Publisher interface {
	Publish(ctx context.Context, topic string, events ...cloudevents.Event) error
}

// Forms gives the definition of a form by its name, from memory.
type Forms interface {
	Form(name string) (Form, bool)
	// All lists the forms by name.
	All() []Form
}

// Keys tells whether a secret allows publishing to a topic, from memory where
// the secret is known. An error means that it could not be found out just now.
type Keys interface {
	Allowed(ctx context.Context, topic, secret string) (bool, error)
}
