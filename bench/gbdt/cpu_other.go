//go:build !linux

package main

import "time"

var began = time.Now()

// threadTime gives the time that has passed, where a thread's own can't be had.
func threadTime() time.Duration { return time.Since(began) }
