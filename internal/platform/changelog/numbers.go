package changelog

import (
	"encoding/binary"
	"slices"
)

// What a cut or an erasure covers is a list of numbers, kept as runs: how far
// the run begins above the end of the one before, and how long it is.

func packNumbers(sorted []int64) []byte {
	var out []byte
	last := int64(0)
	for i := 0; i < len(sorted); {
		n := 1
		for i+n < len(sorted) && sorted[i+n] == sorted[i]+int64(n) {
			n++
		}
		out = binary.AppendUvarint(out, uint64(sorted[i]-last))
		out = binary.AppendUvarint(out, uint64(n))
		last = sorted[i] + int64(n) - 1
		i += n
	}
	return out
}

type run struct{ first, last int64 }

// runs are sorted and do not overlap.
type runs []run

func unpackNumbers(raw []byte) (runs, error) {
	var out runs
	last := int64(0)
	for len(raw) > 0 {
		step, a := binary.Uvarint(raw)
		if a <= 0 || step > 1<<62 {
			return nil, errEntries
		}
		length, b := binary.Uvarint(raw[a:])
		if b <= 0 || length == 0 || length > 1<<40 || last > 1<<62 {
			return nil, errEntries
		}
		first := last + int64(step)
		last = first + int64(length) - 1
		out, raw = append(out, run{first, last}), raw[a+b:]
	}
	return out, nil
}

func (r runs) has(n int64) bool {
	i, found := slices.BinarySearchFunc(r, n, func(e run, n int64) int {
		switch {
		case e.last < n:
			return -1
		case e.first > n:
			return 1
		}
		return 0
	})
	return found && i < len(r)
}
