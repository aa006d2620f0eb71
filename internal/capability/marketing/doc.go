// Package marketing holds campaigns and the responses to them, with
// their table definitions (tables/*.yaml).
package marketing
