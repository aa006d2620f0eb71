package diskfile

import (
	"errors"
	"syscall"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// Full gives an error of the code disk.full to one that says that a disk, a quota
// or a limit on the size of files leaves no room; others stay as they are.
func Full(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG) {
		return errs.Wrap(err, errs.Unavailable, "disk.full", "the disk of the server is full: tell an administrator, and try again when there is room")
	}
	return err
}
