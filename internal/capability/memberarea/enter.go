package memberarea

import (
	"context"
)

// SignIn is the page to sign in on.
func (a *Area) SignIn(ctx context.Context, v Visit, status int) (Page, error) {
	p := pageOf("signin", say(v.Lang, "in.title"), "", a.Registering(ctx), v)
	p.status = status
	return a.render(ctx, v, p)
}

// Sent is the page after a letter was asked for. It is the same whether or not
// anybody has the address.
func (a *Area) Sent(ctx context.Context, v Visit) (Page, error) {
	return a.render(ctx, v, pageOf("sent", say(v.Lang, "sent.title"), "", nil, v))
}

// Open is the page to which the link in a letter leads. Nothing has happened yet
// when it is shown: programs look at links in letters before people do.
func (a *Area) Open(ctx context.Context, v Visit, secret string) (Page, error) {
	return a.render(ctx, v, pageOf("open", say(v.Lang, "open.title"), "", secret, v))
}

// Several is the page for an address that several contacts have.
func (a *Area) Several(ctx context.Context, v Visit) (Page, error) {
	return a.render(ctx, v, pageOf("several", say(v.Lang, "several.title"), "", nil, v))
}

// Register is the page on which a visitor asks for an account.
func (a *Area) Register(ctx context.Context, v Visit, status int) (Page, error) {
	p := pageOf("register", say(v.Lang, "reg.title"), "", a.Registering(ctx), v)
	p.status = status
	return a.render(ctx, v, p)
}

// Move is the page to which the link in a letter to a new address leads. Nothing
// has happened yet when it is shown.
func (a *Area) Move(ctx context.Context, v Visit, secret string) (Page, error) {
	return a.render(ctx, v, pageOf("move", say(v.Lang, "move.title"), "", secret, v))
}

// MoveSent is the page after a new address was named.
func (a *Area) MoveSent(ctx context.Context, v Visit, email string) (Page, error) {
	return a.render(ctx, v, pageOf("movesent", say(v.Lang, "sent.title"), "profile", email, v))
}
