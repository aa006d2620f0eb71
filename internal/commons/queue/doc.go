// Package queue holds the work queues and the items waiting in them, with
// their table definitions (tables/*.yaml).
package queue
