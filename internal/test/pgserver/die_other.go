//go:build !linux

package pgserver

import "syscall"

// dieWithParent does nothing where the system offers no such signal.
func dieWithParent(*syscall.SysProcAttr) {}
