// Package rule applies rules that people keep as records: a condition in CEL,
// and what follows when it holds — points, values to set, a next action, a
// category — with a reason in plain words.
//
// The map: rule.go (a rule, checking one), set.go (many rules compiled, their
// version, applying them), rehearse.go (what a new set would have done with
// past cases), vars.go (what conditions read of a record).
//
// The package reads no table and knows no capability. Whoever keeps rules hands
// them over as values and says by an expr.Env what conditions can read. A bad
// rule is kept out and reported; it never stops the others. A Set does not
// change: new rules make a new Set, which is swapped in whole.
package rule
