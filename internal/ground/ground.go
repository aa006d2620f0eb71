// Package ground is the floor everything stands on: errors, ids, time, the
// database driver, expressions. Nothing here knows a word of the product.
package ground
