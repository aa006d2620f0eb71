package query

// term is one column of the order.
type term struct {
	col   Column
	alias string // of the table that it stands in
	desc  bool
}

func termsOf(t *Table, order []Order) ([]term, error) {
	out := make([]term, len(order))
	for i, o := range order {
		c, ok := t.Columns[o.Column]
		if !ok || o.Link != "" {
			return nil, unchecked("column " + o.name())
		}
		c.NotNull = c.NotNull || o.Column == t.PrimaryID
		out[i] = term{col: c, alias: "t0", desc: o.Desc}
	}
	return out, nil
}

// after renders "strictly after the cursor" as disjoint branches of the first
// order column: equal to the cursor's value and later by the rest; greater (or
// less); and null, which comes last descending. Each branch is a range of an
// index, where one OR over them is not. Without a cursor there is one branch
// that always holds.
func (r *renderer) after(terms []term, cursor Cursor) ([]string, error) {
	if len(cursor) == 0 {
		return []string{""}, nil
	}
	vals, err := r.positions(terms, cursor)
	if err != nil {
		return nil, err
	}
	first := r.compareRef(terms[0].alias, terms[0].col)
	rest := r.afterRest(terms[1:], vals[1:])
	if vals[0] == "" {
		var out []string
		if rest != "" {
			out = append(out, first+" IS NULL AND "+rest)
		}
		if !terms[0].desc {
			out = append(out, first+" IS NOT NULL")
		}
		return out, nil
	}
	var out []string
	if rest != "" {
		out = append(out, first+" = "+vals[0]+" AND "+rest)
	}
	if !terms[0].desc {
		return append(out, first+" > "+vals[0]), nil
	}
	out = append(out, first+" < "+vals[0])
	if !terms[0].col.NotNull {
		out = append(out, first+" IS NULL")
	}
	return out, nil
}

// positions gives the parameters that hold a cursor's values; "" for null.
func (r *renderer) positions(terms []term, cursor Cursor) ([]string, error) {
	if len(cursor) != len(terms) {
		return nil, unchecked("the cursor")
	}
	vals := make([]string, len(terms))
	for i, t := range terms {
		if cursor[i] == nil {
			continue
		}
		var err error
		if vals[i], err = r.value(t.col, cursor[i]); err != nil {
			return nil, err
		}
	}
	return vals, nil
}

// afterRest renders the same for the later columns as one condition, each level
// led by a range that an index can use.
func (r *renderer) afterRest(terms []term, vals []string) string {
	if len(terms) == 0 {
		return ""
	}
	c, v, t := r.compareRef(terms[0].alias, terms[0].col), vals[0], terms[0]
	rest := r.afterRest(terms[1:], vals[1:])
	orRest, andRest := "", ""
	if rest != "" {
		orRest, andRest = " OR "+rest, " AND "+rest
	}
	switch {
	case v == "" && t.desc && rest == "":
		return never
	case v == "" && t.desc:
		return "(" + c + " IS NULL" + andRest + ")"
	case v == "":
		return "(" + c + " IS NOT NULL" + orRest + ")"
	case rest == "" && t.desc && t.col.NotNull:
		return c + " < " + v
	case rest == "" && t.desc:
		return "(" + c + " < " + v + " OR " + c + " IS NULL)"
	case rest == "":
		return c + " > " + v
	case !t.desc:
		return "(" + c + " >= " + v + " AND (" + c + " > " + v + orRest + "))"
	case t.col.NotNull:
		return "(" + c + " <= " + v + " AND (" + c + " < " + v + orRest + "))"
	default:
		return "(" + c + " IS NULL OR (" + c + " <= " + v + " AND (" + c + " < " + v + orRest + ")))"
	}
}
