// Package datasets finds the public data sets that some tests and benchmarks
// read. They are too large, or of licences too narrow, to be kept here.
package datasets

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// Variable names the environment variable with the folder of data sets.
const Variable = "RAPPORT_DATASETS"

// Dir gives the folder of data sets: the one the variable names, else
// shared/data beside the checkout. ok is false when there is none.
func Dir() (dir string, ok bool) {
	dir = os.Getenv(Variable)
	if dir == "" {
		_, file, _, _ := runtime.Caller(0)
		dir = filepath.Join(filepath.Dir(file), "..", "..", "..", "..", "shared", "data")
	}
	info, err := os.Stat(dir)
	return dir, err == nil && info.IsDir()
}

// Path gives the path of a file of the data sets, or skips the test with a
// line that says what is missing and how to get it.
func Path(t testing.TB, elem ...string) string {
	t.Helper()
	dir, ok := Dir()
	path := filepath.Join(append([]string{dir}, elem...)...)
	if ok {
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	t.Skipf("skipped: the data set %s is not here; set %s to a folder that has it (docs/dependencies.md says where it comes from)", filepath.Join(elem...), Variable)
	return ""
}
