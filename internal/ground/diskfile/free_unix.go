//go:build unix

package diskfile

import "golang.org/x/sys/unix"

// Free gives the bytes that this process may still write to the folder's disk.
func Free(dir string) (free uint64, known bool) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, false
	}
	return uint64(st.Bavail) * uint64(st.Bsize), true
}
