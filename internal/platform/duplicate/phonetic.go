package duplicate

import "strings"

// cologne gives the Cologne phonetic code of a word in small letters without
// accents: words that sound alike in German, and mostly in English, have one
// code. Letters outside a to z say nothing.
func cologne(word string) string {
	letters := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			return r
		}
		return -1
	}, word)
	var out []byte
	last := byte(0)
	add := func(code byte) {
		if code != last {
			out = append(out, code)
		}
		last = code
	}
	at := func(i int) byte {
		if i < 0 || i >= len(letters) {
			return 0
		}
		return letters[i]
	}
	in := func(b byte, set string) bool { return b != 0 && strings.IndexByte(set, b) >= 0 }
	for i := range len(letters) {
		before, after := at(i-1), at(i+1)
		switch c := letters[i]; {
		case in(c, "aeijouy"):
			add('0')
		case c == 'h':
			continue
		case c == 'b', c == 'p' && after != 'h':
			add('1')
		case in(c, "dt"):
			if in(after, "csz") {
				add('8')
			} else {
				add('2')
			}
		case in(c, "fvwp"):
			add('3')
		case in(c, "gkq"):
			add('4')
		case c == 'c':
			hard := in(after, "ahkoqux")
			if i == 0 {
				hard = in(after, "ahkloqrux")
			} else if in(before, "sz") {
				hard = false
			}
			if hard {
				add('4')
			} else {
				add('8')
			}
		case c == 'x':
			if !in(before, "ckq") {
				add('4')
			}
			add('8')
		case c == 'l':
			add('5')
		case in(c, "mn"):
			add('6')
		case c == 'r':
			add('7')
		case in(c, "sz"):
			add('8')
		}
	}
	if len(out) == 0 {
		return ""
	}
	return string(out[:1]) + strings.ReplaceAll(string(out[1:]), "0", "")
}
