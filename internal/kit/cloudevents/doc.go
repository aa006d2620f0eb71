// Package cloudevents is the format of an event on the wire and at rest.
//
// An Event carries the attributes of CloudEvents 1.0. FromHTTP reads it out of
// a request in any of the ways publishers send one: structured
// (application/cloudevents+json), batched (application/cloudevents-batch+json),
// binary (ce-* headers) and the Event Grid schema (an array or one object of
// application/json). AppendJSON and Decode write and read the one form that is
// kept: the structured JSON of CloudEvents, without white space of our own.
//
//	event.go      Event, what makes one valid
//	encode.go     Event → JSON
//	decode.go     JSON → Event, one or a batch
//	eventgrid.go  the Event Grid schema → Event
//	http.go       which of the forms a request is in
//	header.go     binary mode: attribute values out of headers
//	limits.go     sizes and the errors that name them
//
// What is read is never trusted: size, number of events, depth, UTF-8 and
// repeated attributes are checked here, and every complaint is an errs.Error
// with a stable code that never repeats a value.
package cloudevents
