// Package support is customer service: cases and how they are resolved, what a
// customer is entitled to, knowledge articles, and the rules that route cases
// and make records out of messages, with their table definitions
// (tables/*.yaml).
package support
