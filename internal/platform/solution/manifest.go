package solution

import (
	"io/fs"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// Manifest is solution.yaml: what a bundle is and who makes it.
type Manifest struct {
	Name        string    `yaml:"name"` // unique, letters, digits and underscores
	Title       string    `yaml:"title"`
	Version     Version   `yaml:"version"`
	Description string    `yaml:"description,omitempty"`
	Publisher   Publisher `yaml:"publisher"`
}

// Version is up to four numbers with points between. It is kept as it is
// written: 1.10 is not 1.1.
type Version string

// UnmarshalYAML takes the text, which would else be a number.
func (v *Version) UnmarshalYAML(text []byte) error {
	*v = Version(strings.Trim(strings.TrimSpace(string(text)), `"'`))
	return nil
}

// Publisher makes solutions; names of what they add begin with its prefix.
type Publisher struct {
	Name         string `yaml:"name"`
	Title        string `yaml:"title"`
	Prefix       string `yaml:"prefix"`
	OptionPrefix int64  `yaml:"option_prefix,omitempty"` // of the values of options; 0 is 10000
}

var (
	uniqueName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,64}$`)
	prefixName = regexp.MustCompile(`^[a-z][a-z0-9]{1,7}$`)
	version    = regexp.MustCompile(`^\d{1,9}(\.\d{1,9}){0,3}$`)
)

// ManifestFile is the file that makes a folder a solution.
const ManifestFile = "solution.yaml"

// ReadManifest reads and checks solution.yaml.
func ReadManifest(files fs.FS) (Manifest, error) {
	var m Manifest
	text, err := fs.ReadFile(files, ManifestFile)
	if err != nil {
		return m, errs.Wrap(err, errs.Invalid, "solution.manifest", "the bundle has no %s", ManifestFile)
	}
	if err := yaml.UnmarshalWithOptions(text, &m, yaml.DisallowUnknownField()); err != nil {
		return m, errs.Wrap(err, errs.Invalid, "solution.manifest", "%s can't be read", ManifestFile)
	}
	var bad []errs.Field
	check := func(ok bool, field, message string) {
		if !ok {
			bad = append(bad, errs.Field{Name: field, Code: "invalid", Message: message})
		}
	}
	check(uniqueName.MatchString(m.Name), "name", "letters, digits and underscores, at most 65")
	check(m.Title != "", "title", "a title is needed")
	check(version.MatchString(string(m.Version)), "version", "up to four numbers with points between, such as 1.2.0")
	check(uniqueName.MatchString(m.Publisher.Name), "publisher.name", "letters, digits and underscores, at most 65")
	check(prefixName.MatchString(m.Publisher.Prefix), "publisher.prefix", "2 to 8 lower-case letters and digits")
	if m.Publisher.Title == "" {
		m.Publisher.Title = m.Publisher.Name
	}
	return m, errs.InvalidFields("solution.manifest", ManifestFile+" is not complete", bad)
}
