package modelio

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/kit/gbdt"
)

// WriteLightGBM writes a model in LightGBM's text format, version 4. LightGBM
// knows no base beside the trees: it is added to the leaves of the first.
func WriteLightGBM(w io.Writer, m *gbdt.Model) error {
	if err := m.Validate(); err != nil {
		return err
	}
	trees := m.Trees
	if len(trees) == 0 {
		trees = []gbdt.Tree{{Leaves: []gbdt.Leaf{{}}}}
	}
	blocks, sizes := make([][]byte, len(trees)), make([]string, len(trees))
	for i := range trees {
		base := 0.0
		if i == 0 {
			base = m.Base
		}
		block, err := treeText(&trees[i], i, base)
		if err != nil {
			return err
		}
		blocks[i], sizes[i] = block, strconv.Itoa(len(block))
	}
	sigmoid := 1.0
	if m.Sigmoid != 0 {
		sigmoid = m.Sigmoid
	}
	names, infos := make([]string, len(m.Features)), make([]string, len(m.Features))
	levels := [][]string{}
	for i, f := range m.Features {
		names[i], infos[i] = plainName(f.Name, i, names[:i]), "[-1e+300:1e+300]"
		if f.Categorical {
			levels = append(levels, append([]string{}, f.Levels...))
			infos[i] = codes(len(f.Levels))
		}
	}
	line, err := json.Marshal(schema{Single: m.Single, Features: m.Features})
	if err != nil {
		return errs.Wrap(err, errs.Internal, "modelio.write", "names and levels can't be written")
	}
	pandas, err := json.Marshal(levels)
	if err != nil {
		return errs.Wrap(err, errs.Internal, "modelio.write", "levels can't be written")
	}
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\nmax_feature_idx=%d\nobjective=binary sigmoid:%s\nfeature_names=%s\nfeature_infos=%s\ntree_sizes=%s\n\n",
		len(m.Features)-1, number(sigmoid), strings.Join(names, " "), strings.Join(infos, " "), strings.Join(sizes, " "))
	for _, b := range blocks {
		out.Write(b)
	}
	fmt.Fprintf(out, "end of trees\n\nfeature_importances:\n\nparameters:\nend of parameters\n\n%s%s\n\npandas_categorical:%s\n", schemaKey, line, pandas)
	return out.Flush()
}

// codes lists the codes of a categorical feature as feature_infos has them.
func codes(n int) string {
	if n == 0 {
		return "0"
	}
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(':')
		}
		b.WriteString(strconv.Itoa(i))
	}
	return b.String()
}

// plainName gives a name that LightGBM takes: no space, nothing that JSON
// gives a meaning, and not one of those before it.
func plainName(name string, at int, before []string) string {
	plain := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || !unicode.IsPrint(r) || strings.ContainsRune(`",:[]{}=`, r) {
			return '_'
		}
		return r
	}, name)
	if plain == "" || len(plain) > 200 {
		plain = "feature"
	}
	for _, b := range before {
		if b == plain {
			return fmt.Sprintf("%s_%d", plain, at)
		}
	}
	return plain
}

func number(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// treeText gives the block of one tree.
func treeText(t *gbdt.Tree, at int, base float64) ([]byte, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "Tree=%d\nnum_leaves=%d\n", at, len(t.Leaves))
	list := func(key string, n int, item func(i int) string) {
		b.WriteString(key)
		for i := range n {
			if i > 0 {
				b.WriteByte(' ')
			}
			b.WriteString(item(i))
		}
		b.WriteByte('\n')
	}
	sets := make([]int, len(t.Nodes)) // of each node, its set's number
	var bounds []int
	var words []uint32
	for i := range t.Nodes {
		n := &t.Nodes[i]
		if !n.Categorical {
			continue
		}
		if n.DefaultLeft {
			return nil, unsupported("tree %d sends a missing category left, which LightGBM's format can't say", at)
		}
		sets[i] = len(bounds)
		bounds = append(bounds, len(words))
		words = append(words, t.Sets[n.SetStart:n.SetStart+n.SetWords]...)
		if n.SetWords == 0 {
			words = append(words, 0)
		}
	}
	fmt.Fprintf(&b, "num_cat=%d\n", len(bounds))
	if n := len(t.Nodes); n > 0 {
		list("split_feature=", n, func(i int) string { return strconv.Itoa(int(t.Nodes[i].Feature)) })
		list("split_gain=", n, func(i int) string { return number(t.Nodes[i].Gain) })
		list("threshold=", n, func(i int) string {
			if t.Nodes[i].Categorical {
				return strconv.Itoa(sets[i])
			}
			return number(t.Nodes[i].Threshold)
		})
		list("decision_type=", n, func(i int) string { return strconv.Itoa(decision(&t.Nodes[i])) })
		list("left_child=", n, func(i int) string { return strconv.Itoa(int(t.Nodes[i].Left)) })
		list("right_child=", n, func(i int) string { return strconv.Itoa(int(t.Nodes[i].Right)) })
	}
	list("leaf_value=", len(t.Leaves), func(i int) string { return number(base + t.Leaves[i].Value) })
	if len(t.Nodes) > 0 {
		list("leaf_weight=", len(t.Leaves), func(i int) string { return number(t.Leaves[i].Cover) })
		list("leaf_count=", len(t.Leaves), func(i int) string { return count(t.Leaves[i].Cover) })
		list("internal_value=", len(t.Nodes), func(int) string { return "0" })
		list("internal_weight=", len(t.Nodes), func(i int) string { return number(t.Nodes[i].Cover) })
		list("internal_count=", len(t.Nodes), func(i int) string { return count(t.Nodes[i].Cover) })
	}
	if len(bounds) > 0 {
		bounds = append(bounds, len(words))
		list("cat_boundaries=", len(bounds), func(i int) string { return strconv.Itoa(bounds[i]) })
		list("cat_threshold=", len(words), func(i int) string { return strconv.FormatUint(uint64(words[i]), 10) })
	}
	b.WriteString("is_linear=0\nshrinkage=1\n\n\n")
	return b.Bytes(), nil
}

func decision(n *gbdt.Node) int {
	if n.Categorical {
		return decisionCategorical | 2<<decisionMissing
	}
	out := 0
	if n.DefaultLeft {
		out = decisionDefaultLeft
	}
	switch n.Missing {
	case gbdt.MissingZero:
		out |= 1 << decisionMissing
	case gbdt.MissingNaN:
		out |= 2 << decisionMissing
	}
	return out
}

// count rounds a cover to the rows that LightGBM counts.
func count(v float64) string { return strconv.Itoa(int(min(math.Round(v), math.MaxInt32))) }
