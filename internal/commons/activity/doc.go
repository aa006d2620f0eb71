// Package activity holds what people do and note about records: activities (the common base), tasks and notes, with
// their table definitions (tables/*.yaml). Who is mentioned in a note is told of it (mention.go),
// and who follows a record of what others do to it (follow.go).
package activity
