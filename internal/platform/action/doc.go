// Package action holds everything Rapport can do, beside writing records: named
// operations with typed input and output, declared once by the package that
// does them. Each is an OData action or function, a step of flows, a command in
// the interface, and later a tool of agents, so that one policy sees them all.
//
// An action of effect DB joins the caller's transaction: what it does and what
// called it commit together or not at all.
//
// The map: action.go (declaring), registry.go (finding and calling), param.go
// (input and output as the outside sees them), ref.go and bind.go (parameters
// that name or hold records), result.go (what goes out), custom.go and
// custom_call.go (actions that customers define, table customapi). The platform's
// own actions are in the folder builtin.
package action
