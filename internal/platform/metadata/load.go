package metadata

import (
	"io/fs"
	"path"

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
	var out []*Table
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		t := new(Table)
		if err := yaml.UnmarshalWithOptions(text, t, yaml.DisallowUnknownField()); err != nil {
			return nil, errs.Wrap(err, errs.Invalid, "metadata.yaml", "%s is not a table definition", name)
		}
		out = append(out, t)
	}
	return out, nil
}
