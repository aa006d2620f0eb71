// Package marketing holds campaigns and the responses to them, and marketing
// lists with their members, with their table definitions (tables/*.yaml).
//
// The map: tables.go (definitions), member.go (actions that put records on lists).
package marketing
