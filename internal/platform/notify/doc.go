// Package notify tells people things: rows of appnotification, one per message
// and person, that the interface shows under the bell.
package notify
