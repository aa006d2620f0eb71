// Package auth is about who somebody is; what they may do is package access.
//
// People sign in with a user name and a password (argon2id) and get a cookie
// session with a CSRF token; programs send a bearer token; publishers of events
// send a topic's key. Secrets are kept as hashes: a random secret by SHA-256,
// which is enough for 256 random bits, a password by argon2id. Failed sign-ins
// are slowed down per name and per address, and every attempt is logged.
//
// Who has an authenticator app shows its code as well; a passkey stands for
// both; an OpenID Connect provider can vouch for a user instead.
//
// The map: signin.go (the flow), password.go, reset.go (links to choose a new
// one), factor.go (authenticator apps, recovery codes), passkey.go, provider.go
// and sso.go (identity providers), challenge.go (what was begun and is finished
// once), session.go, sessions.go (lists for people), member.go (contacts
// who sign in at the portal), memberjoin.go (who becomes one alone),
// membersession.go (their sessions, and when these end), token.go and keys.go (keys of programs and
// their scopes), topickey.go,
// secret.go (making and hashing random secrets).
package auth
