// Package app wires the product together, by hand: it is the only package that
// sees all the others, and the only one that reads the environment.
//
// Starting goes in two steps. First what takes events in: the stream, the
// portal, the publishing keys from disk; from then on visitors are answered.
// Then what keeps records: the database, hot configuration, consumers, flows.
// If the database is away at the start, and the process has run before, the
// first step stands alone until the database is back.
//
// The map: config.go (the environment), app.go (start and stop), front.go (the
// first step), core.go (the second), routes.go (addresses), catalog.go (tables),
// wire.go (actions, hooks, consumers), ports.go (seams between packages),
// seed.go (first start and sample), sample.go (taking the sample out), telemetry.go (metrics, traces).
package app
