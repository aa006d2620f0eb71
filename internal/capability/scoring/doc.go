// Package scoring learns from history which leads convert, and brings what it
// learned back to the leads: a score of 1 to 100, a grade, a trend, reasons,
// and a task for the seller of a lead that rises.
//
// The loop: files of past leads (and what the lake keeps of our own) → features
// as they were known at the time → a model, judged on the newest leads, refused
// if it tells nothing → a version, promoted by a person or, if it is certainly
// better, by the schedule → every open lead scored in batch, and a lead within a
// second of a change that matters → written only if it changed enough.
//
// Packages inside:
//
//	history    files of past leads: how they are written, what their columns mean
//	feature    what was known at a moment; rows to learn from
//	model      training, judging, the gate, the file of a version, scale and reasons
//	endpoint   a model served elsewhere, in the MLflow scoring protocol
//
// The map of this one:
//
//	service.go   Config, New; what runs in the background
//	setup.go     the model in force, as hot configuration
//	registry.go  versions: making, storing, promoting, rolling back
//	bring.go     models trained elsewhere
//	imports.go   the job that brings a file of history into the lake
//	command.go   the same from the command line
//	match.go     what the history says of leads that are open now
//	past.go      rows to learn from: imported history
//	own.go       rows to learn from: our own leads, out of the lake
//	check.go     fitness of the data, before training
//	train.go     the job that trains
//	lead.go      what is known of a lead now
//	score.go     the score of one lead, and writing it
//	rise.go      the task for the seller of a lead that rises
//	batch.go     the job that scores all open leads; drift of inputs
//	follow.go    changes that matter → jobs that score
//	arrival.go   leads that arrive: the score at intake
//	schedule.go  retraining and scoring by the clock
//	actions.go   what people and programs can ask for
//	hooks.go     what a set-up must fulfil
//	ports.go     what it needs of others
//	metrics.go   counts
//	errors.go    codes
//
// Tables: rpt_model, rpt_modelversion, rpt_modelpart, rpt_historyimport,
// rpt_leadhistory, msdyn_predictivescore. Events in: changes of leads, the topic
// "interactions". Jobs: scoring.import, scoring.match, scoring.train,
// scoring.batch, scoring.lead, scoring.schedule.
//
// Own writes start nothing: a change counts only if a column is an input of the
// model, and no column that is written here is one.
package scoring
