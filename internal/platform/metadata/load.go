package metadata

import (
	"errors"
	"io/fs"
	"path"
	"runtime"
	"sync"

	"github.com/goccy/go-yaml"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// Load reads every *.yaml of a folder, one table a file. Unknown fields are
// refused, so that a misspelt one is noticed.
func Load(files fs.FS, dir string) ([]*Table, error) {
	names, err := fs.Glob(files, path.Join(dir, "*.yaml"))
	if err != nil {
		return nil, err
	}
	out, failed := make([]*Table, len(names)), make([]error, len(names))
	var wg sync.WaitGroup
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	for i, name := range names {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			out[i], failed[i] = loadOne(files, name)
		})
	}
	wg.Wait()
	return out, errors.Join(failed...)
}

func loadOne(files fs.FS, name string) (*Table, error) {
	text, err := fs.ReadFile(files, name)
	if err != nil {
		return nil, err
	}
	t := new(Table)
	if err := yaml.UnmarshalWithOptions(text, t, yaml.DisallowUnknownField()); err != nil {
		return nil, errs.Wrap(err, errs.Invalid, "metadata.yaml", "%s is not a table definition", name)
	}
	return t, nil
}
