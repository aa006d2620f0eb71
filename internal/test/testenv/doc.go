// Package testenv starts the whole product inside a test.
package testenv
