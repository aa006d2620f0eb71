// Package flow runs flows: small programs that people draw, kept as records of
// the table workflow. A run survives restarts and crashes, is visible step by
// step, and can be resumed where it failed.
//
// Reading a definition:
//
//	document.go   Document, Step: what a definition says (YAML or JSON)
//	template.go   values with ${expressions} in them
//	condition.go  filters of queries
//	compile.go    document → program; all problems at once
//	check.go      names of tables, columns, steps and actions that are not there
//	set.go        Set: the flows in force
//
// Running:
//
//	engine.go     Engine, Options, Start
//	checkpoint.go one transaction of a run
//	machine.go    the program's instructions
//	steps.go      what each step does to records
//	state.go      where a run is, and what it knows
//	plain.go      values as JSON knows them
//	history.go    what is kept of each step; secrets masked
//	store.go      rows of rpt_flowrun and rpt_flowcheckpoint
//	control.go    resuming and cancelling
//	actions.go    the actions of this package; calling actions of others
//	hook.go       the check of definitions that are written
//
// Checkpoints. Consecutive steps run in one transaction, which ends at a wait,
// at the end, after a number of steps, or at a failure. State and history are
// written in it, so a crash repeats a checkpoint wholly or not at all. The first
// one runs in the transaction of Start itself: a flow without waits needs no job.
//
// Failures. A database that can't be reached is waited for and never fails a
// run. A clash of unique keys runs the checkpoint again, as the row is found
// then. Any other error undoes the checkpoint, and the run is failed, with the
// failing step in its history; Resume begins that checkpoint again.
//
// Versions. A run goes on with the version of the definition that it began
// with, which is kept for it when it outlives its first transaction.
//
// Tables: workflow, rpt_flowrun, rpt_flowcheckpoint (records); flowdefinition,
// flowstate (migration 0005). Jobs: kind "flow". Actions: rpt_ResumeFlowRun,
// rpt_CancelFlowRun.
package flow
