// Package product tests the running product from outside, over HTTP, on both
// databases: what an issue promises is checked here as a user or an integrator
// would meet it.
package product
