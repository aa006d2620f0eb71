package changelog

import "context"

// Channel is the way by which a change came in.
type Channel string

// The channels.
const (
	Web      Channel = "web"      // a person in the browser, by session
	APIKey   Channel = "api key"  // a program with a token of its own
	Client   Channel = "client"   // a program that signed in by OAuth
	Portal   Channel = "portal"   // a visitor or member of the portal
	Event    Channel = "event"    // an event of the stream
	Flow     Channel = "flow"     // a step of a flow
	Import   Channel = "import"   // a file that was brought in
	Job      Channel = "job"      // other work in the background
	Agent    Channel = "agent"    // an autonomous agent
	Platform Channel = "platform" // the platform by itself; what the system writes where nobody says otherwise
)

// Source is from where changes and reads come.
type Source struct {
	Channel Channel
	Address string // network address of whoever asks; "" in the background
}

type sourceKey struct{}

// WithSource says in the context from where what follows comes. Who works in the
// background on somebody's wish sets another channel and no address.
func WithSource(ctx context.Context, s Source) context.Context {
	return context.WithValue(ctx, sourceKey{}, s)
}

// SourceOf gives what WithSource said; the zero Source if nothing.
func SourceOf(ctx context.Context) Source {
	s, _ := ctx.Value(sourceKey{}).(Source)
	return s
}
