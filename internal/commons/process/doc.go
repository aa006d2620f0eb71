// Package process runs business process flows: the stages that a record goes
// through, each with steps to be filled in, over one table or on to the next
// (a lead, then its opportunity).
//
// A process is a row of workflow of category 4 with its definition in
// clientdata; its stages are rows of processstage. Each record under it has a
// row of the process's own instance table, made with the record, which belongs
// to the record's owner and shares its fate. A client moves it one stage at a
// time by changing activestageid; finishes, aborts and takes it up again by
// its status reason. The records hold processid, stageid and traversedpath, too.
//
// The map: definition.go (what a process says), set.go (the processes in
// force), hook.go (records, instances, definitions), move.go (what an instance
// may do next), view.go (where a record stands), stalled.go (the mark of those that stay too long).
package process
