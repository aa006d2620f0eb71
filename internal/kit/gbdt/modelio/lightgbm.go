package modelio

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/kit/gbdt"
)

// MaxFile is the size of a model file at most, in bytes.
const MaxFile = 256 << 20

// schemaKey begins the line with our names and levels, which LightGBM skips.
const schemaKey = "feature_schema:"

func invalid(format string, args ...any) error {
	return errs.New(errs.Invalid, "modelio.invalid", format, args...)
}

func unsupported(format string, args ...any) error {
	return errs.New(errs.Unsupported, "modelio.unsupported", format, args...)
}

func readAll(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxFile+1))
	if err != nil {
		return nil, errs.Wrap(err, errs.Invalid, "modelio.read", "the model file can't be read")
	}
	if len(data) > MaxFile {
		return nil, errs.New(errs.TooLarge, "modelio.too_large", "the model file is larger than %d MiB", MaxFile>>20)
	}
	return data, nil
}

// ReadLightGBM reads a model in LightGBM's text format.
func ReadLightGBM(r io.Reader) (*gbdt.Model, error) {
	data, err := readAll(r)
	if err != nil {
		return nil, err
	}
	lines := &lineReader{rest: data}
	if first, _ := lines.next(); first != "tree" {
		return nil, invalid("line 1: this is no LightGBM model: it does not begin with \"tree\"")
	}
	head := map[string]string{}
	line, ok := "", true
	for line, ok = lines.next(); ok && !strings.HasPrefix(line, "Tree="); line, ok = lines.next() {
		if line == "end of trees" {
			break
		}
		key, value, _ := strings.Cut(line, "=")
		head[key] = value
	}
	m, err := header(head)
	if err != nil {
		return nil, err
	}
	for ok && strings.HasPrefix(line, "Tree=") {
		if len(m.Trees) >= gbdt.MaxTrees {
			return nil, errs.New(errs.TooLarge, "modelio.too_large", "the model has more than %d trees", gbdt.MaxTrees)
		}
		at := lines.number
		fields := map[string]string{}
		for line, ok = lines.next(); ok && line != "end of trees" && !strings.HasPrefix(line, "Tree="); line, ok = lines.next() {
			if key, value, found := strings.Cut(line, "="); found {
				fields[key] = value
			}
		}
		t, err := readTree(fields, len(m.Features))
		if err != nil {
			return nil, errs.Wrap(err, errs.KindOf(err), errs.CodeOf(err), "the tree that begins in line %d: %s", at, message(err))
		}
		m.Trees = append(m.Trees, t)
	}
	if line != "end of trees" {
		return nil, invalid("line %d: the file ends before \"end of trees\"", lines.number)
	}
	if n, found := head["tree_sizes"]; found && len(strings.Fields(n)) != len(m.Trees) {
		return nil, invalid("the head names %d trees, the file has %d", len(strings.Fields(n)), len(m.Trees))
	}
	for i := range m.Trees {
		for j := range m.Trees[i].Nodes {
			if n := &m.Trees[i].Nodes[j]; n.Categorical {
				m.Features[n.Feature].Categorical = true
			}
		}
	}
	for line, ok = lines.next(); ok; line, ok = lines.next() {
		if value, found := strings.CutPrefix(line, schemaKey); found {
			err = readSchema(value, m)
		} else if value, found := strings.CutPrefix(line, "pandas_categorical:"); found {
			err = readPandas(value, m)
		}
		if err != nil {
			return nil, err
		}
	}
	return m, m.Validate()
}

// message gives the words of an error without its code.
func message(err error) string {
	if e, ok := err.(*errs.Error); ok {
		return e.Message
	}
	return err.Error()
}

// lineReader cuts text into lines without copying it whole.
type lineReader struct {
	rest   []byte
	number int
}

func (l *lineReader) next() (string, bool) {
	if len(l.rest) == 0 {
		return "", false
	}
	l.number++
	line, rest, _ := bytes.Cut(l.rest, []byte("\n"))
	l.rest = rest
	return string(bytes.TrimSuffix(line, []byte("\r"))), true
}

// header reads what stands before the trees.
func header(head map[string]string) (*gbdt.Model, error) {
	switch v := head["version"]; v {
	case "v2", "v3", "v4":
	default:
		return nil, unsupported("the version of the LightGBM model is %q; v2, v3 and v4 are read", clip(v))
	}
	for _, key := range []string{"num_class", "num_tree_per_iteration"} {
		if v := head[key]; v != "" && v != "1" {
			return nil, unsupported("%s is %q: only models of a yes-or-no outcome are read", key, clip(v))
		}
	}
	if _, found := head["average_output"]; found {
		return nil, unsupported("random forests, whose trees are averaged, are not read")
	}
	m := &gbdt.Model{}
	objective := strings.Fields(head["objective"])
	switch {
	case len(objective) == 0:
		return nil, invalid("the model does not say its objective")
	case objective[0] == "binary":
		for _, option := range objective[1:] {
			if v, found := strings.CutPrefix(option, "sigmoid:"); found {
				s, err := strconv.ParseFloat(v, 64)
				if err != nil || !(s > 0) {
					return nil, invalid("the objective's sigmoid %q is not a number over 0", clip(v))
				}
				if s != 1 {
					m.Sigmoid = s
				}
			}
		}
	case objective[0] == "cross_entropy" || objective[0] == "xentropy":
	default:
		return nil, unsupported("the objective is %q: only binary and cross_entropy are read", clip(objective[0]))
	}
	most, err := strconv.Atoi(head["max_feature_idx"])
	if err != nil || most < 0 || most >= gbdt.MaxColumns {
		return nil, invalid("max_feature_idx %q is not a number from 0 to %d", clip(head["max_feature_idx"]), gbdt.MaxColumns-1)
	}
	names := strings.Fields(head["feature_names"])
	if len(names) != most+1 {
		return nil, invalid("there are %d feature names for %d features", len(names), most+1)
	}
	m.Features = make([]gbdt.Feature, most+1)
	infos := strings.Fields(head["feature_infos"])
	for i, name := range names {
		m.Features[i].Name = name
		if len(infos) == len(names) && infos[i] != "none" && !strings.HasPrefix(infos[i], "[") {
			m.Features[i].Categorical = true
		}
	}
	return m, nil
}

func clip(s string) string {
	if len(s) > 40 {
		s = s[:40] + "…"
	}
	return strings.ToValidUTF8(s, "?")
}

// schema is what our own line says.
type schema struct {
	Single   bool           `json:"single,omitempty"` // sums in single precision
	Features []gbdt.Feature `json:"features"`
}

// readSchema reads our own line of names and levels.
func readSchema(text string, m *gbdt.Model) error {
	var s schema
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return errs.Wrap(err, errs.Invalid, "modelio.invalid", "the line %s is not JSON", schemaKey)
	}
	if len(s.Features) != len(m.Features) {
		return invalid("the line %s has %d features, the model %d", schemaKey, len(s.Features), len(m.Features))
	}
	for i, f := range s.Features {
		if m.Features[i].Categorical && !f.Categorical {
			return invalid("the line %s calls feature %d numeric, but a split on it has categories", schemaKey, i)
		}
		if len(f.Levels) > gbdt.MaxLevels {
			return invalid("feature %d has more than %d levels", i, gbdt.MaxLevels)
		}
	}
	m.Features, m.Single = s.Features, s.Single
	return nil
}

// readPandas takes the levels that Python writes for columns of its category
// type, in their order, unless our own line has said them.
func readPandas(text string, m *gbdt.Model) error {
	var columns [][]any
	if err := json.Unmarshal([]byte(text), &columns); err != nil {
		return errs.Wrap(err, errs.Invalid, "modelio.invalid", "the line pandas_categorical is not JSON")
	}
	var categorical []int
	for i := range m.Features {
		if m.Features[i].Levels != nil {
			return nil
		}
		if m.Features[i].Categorical {
			categorical = append(categorical, i)
		}
	}
	if len(columns) != len(categorical) {
		return nil // which column is which can't be told
	}
	for i, levels := range columns {
		f := &m.Features[categorical[i]]
		for _, l := range levels {
			f.Levels = append(f.Levels, fmt.Sprint(l))
		}
	}
	return nil
}
