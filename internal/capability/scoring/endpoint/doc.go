// Package endpoint asks a model that is served elsewhere, in the MLflow scoring
// protocol: a POST of rows under "dataframe_split" to an address that usually
// ends in /invocations, answered by "predictions".
//
// The map: client.go (one request, with a time limit and limits on the answer,
// behind a circuit breaker), answer.go (what a prediction may look like).
//
// Whoever asks must have a fallback: an endpoint that is slow, away or wrong
// gives an error within the time limit, and at once while the breaker is open.
package endpoint
