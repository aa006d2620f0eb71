package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
)

// newSecret gives a fresh secret of 256 random bits with a prefix that tells
// people, and secret scanners, what it is.
func newSecret(prefix string) string {
	var b [32]byte
	rand.Read(b[:]) // never fails since Go 1.24: the program ends if the system has no randomness
	return prefix + base64.RawURLEncoding.EncodeToString(b[:])
}

// hashSecret gives the form in which a random secret is kept.
func hashSecret(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// RandomPassword gives a password that can be typed: 20 characters of 32, 100 bits.
func RandomPassword() string {
	const letters = "abcdefghijkmnpqrstuvwxyz23456789"
	var b [20]byte
	rand.Read(b[:])
	for i := range b {
		b[i] = letters[b[i]%32]
	}
	return string(b[:5]) + "-" + string(b[5:10]) + "-" + string(b[10:15]) + "-" + string(b[15:])
}
