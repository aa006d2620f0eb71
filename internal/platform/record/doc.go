// Package record reads and writes records: it alone applies access, validation,
// hooks, optimistic concurrency and the change log.
package record
