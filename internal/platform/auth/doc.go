// Package auth is about who somebody is; what they may do is package access.
//
// People sign in with a user name and a password (argon2id) and get a cookie
// session with a CSRF token; programs send a bearer token; publishers of events
// send a topic's key. Secrets are kept as hashes: a random secret by SHA-256,
// which is enough for 256 random bits, a password by argon2id. Failed sign-ins
// are slowed down per name and per address, and every attempt is logged.
//
// The map: password.go, session.go, token.go, topickey.go, signin.go (the
// flow), secret.go (making and hashing random secrets).
package auth
