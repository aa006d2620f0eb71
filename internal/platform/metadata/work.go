package metadata

import "github.com/rapport-platform/rapport/internal/ground/errs"

// Work says how the open records of a table are worked off by their owners: what
// a work list goes by.
type Work struct {
	Order int    `yaml:"order"` // of the table among those with a work list
	Rank  string `yaml:"rank"`  // a whole number: higher comes first
	Trend string `yaml:"trend"` // a choice
	Rises int64  `yaml:"rises"` // the trend's value of those that rise
	// Due lists deadlines: moments until when something is to be done.
	Due     []Deadline `yaml:"due"`
	Stalled string     `yaml:"stalled"` // since when it stays too long in its stage
	Show    []string   `yaml:"show"`    // texts that a list shows beside the name
}

// Deadline is a column that says until when something is to be done, unless
// another one says that it was.
type Deadline struct {
	Column string `yaml:"column"`
	Unless string `yaml:"unless"`
}

// checkWork makes sure that what is said of work fits the table.
func (t *Table) checkWork() error {
	w := t.Work
	if w == nil {
		return nil
	}
	bad := func(format string, args ...any) error {
		return errs.New(errs.Invalid, "metadata.work", "work of table "+t.Name+": "+format, args...)
	}
	if !t.Owned() || !t.Stateful() {
		return bad("only records with an owner and a state are worked off")
	}
	is := func(column, kind string) error {
		if c, ok := t.byName[column]; column != "" && (!ok || c.TypeName != kind) {
			return bad("%s is no column of the type %s", column, kind)
		}
		return nil
	}
	wants := [][2]string{{w.Rank, "whole"}, {w.Trend, "choice"}, {w.Stalled, "datetime"}}
	for _, d := range w.Due {
		if d.Column == "" || d.Unless == "" {
			return bad("a deadline needs column and unless")
		}
		wants = append(wants, [2]string{d.Column, "datetime"}, [2]string{d.Unless, "datetime"})
	}
	for _, name := range w.Show {
		wants = append(wants, [2]string{name, "text"})
	}
	for _, one := range wants {
		if err := is(one[0], one[1]); err != nil {
			return err
		}
	}
	return nil
}
