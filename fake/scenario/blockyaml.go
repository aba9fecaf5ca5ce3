package scenario

import (
	"bytes"
	"strings"
)

// blockParser reads the plainest part of YAML: blocks of keys, lists, and scalars on one line, in ASCII, which is how
// large dumps are written. It is about ten times as fast as the library. Whatever it does not know for certain it leaves
// to the library: there is no error, only ok or not.
type blockParser struct {
	rows   []blockRow // rows with content
	raw    []string   // all rows
	at     int        // in rows
	values int
}

// blockRow is a row without its indentation.
type blockRow struct {
	indent int
	text   string
	raw    int // in blockParser.raw
}

// parseBlocks reads one document that begins in the given line of its file.
func parseBlocks(data []byte, line int) (v value, values int, ok bool) {
	if len(data) == 0 || data[len(data)-1] != '\n' {
		return value{}, 0, false
	}
	for _, c := range data {
		if c < ' ' && c != '\n' || c >= 0x7f {
			return value{}, 0, false
		}
	}
	text := string(data[:len(data)-1])
	p := blockParser{raw: make([]string, 0, bytes.Count(data, []byte("\n")))}
	p.rows = make([]blockRow, 0, cap(p.raw))
	for row := range strings.SplitSeq(text, "\n") {
		trimmed := strings.TrimLeft(row, " ")
		n := len(p.raw)
		p.raw = append(p.raw, row)
		switch {
		case trimmed == "" || trimmed[0] == '#':
		case n == 0 && row == "---":
		case len(trimmed) == len(row) && (strings.HasPrefix(row, "---") || row[0] == '%'):
			return value{}, 0, false
		default:
			p.rows = append(p.rows, blockRow{len(row) - len(trimmed), strings.TrimRight(trimmed, " "), n})
		}
	}
	if len(p.rows) == 0 || p.rows[0].indent != 0 || !isKeyRow(p.rows[0].text) {
		return value{}, 0, false
	}
	v, ok = p.block(int32(line), 0)
	return v, p.values, ok && p.at == len(p.rows)
}

// indent is that of the current row, -1 at the end.
func (p *blockParser) indent() int {
	if p.at == len(p.rows) {
		return -1
	}
	return p.rows[p.at].indent
}

func isItem(text string) bool { return text == "-" || strings.HasPrefix(text, "- ") }

// keyEnd is where the key of a row ends, or -1 when the row does not begin with a plain key.
func keyEnd(text string) int {
	for i := range min(len(text), 256) { // longer ones are not allowed everywhere
		switch c := text[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '_':
		case c == '.' || c == '/' || c == '-':
			if i == 0 {
				return -1
			}
		case c == ':' && i > 0 && (i+1 == len(text) || text[i+1] == ' '):
			return i
		default:
			return -1
		}
	}
	return -1
}

func isKeyRow(text string) bool { return keyEnd(text) >= 0 }

// block reads the object or list that begins in the current row. first is the line of the file that row 0 is.
func (p *blockParser) block(first int32, depth int) (value, bool) {
	if depth > maxDepth {
		return value{}, false
	}
	row := &p.rows[p.at]
	switch {
	case isItem(row.text):
		return p.sequence(first, row.indent, depth)
	case isKeyRow(row.text):
		return p.mapping(first, row.indent, depth)
	}
	return value{}, false
}

func (p *blockParser) mapping(first int32, indent, depth int) (value, bool) {
	p.values++
	v := value{shape: object, line: first + int32(p.rows[p.at].raw)}
	v.keys, v.items = make([]key, 0, 4), make([]value, 0, 4)
	for p.indent() == indent {
		row := &p.rows[p.at]
		end := keyEnd(row.text)
		if end < 0 || len(v.keys) == maxBlockKeys || v.field(row.text[:end]) != nil {
			return v, false
		}
		k := key{name: row.text[:end], line: first + int32(row.raw)}
		element, ok := p.element(first, row.text[end+1:], indent, depth, true)
		if !ok {
			return v, false
		}
		v.keys = append(v.keys, k)
		v.items = append(v.items, element)
	}
	return v, p.indent() < indent
}

// maxBlockKeys is how many keys an object may have for each to be compared with all others.
const maxBlockKeys = 64

func (p *blockParser) sequence(first int32, indent, depth int) (value, bool) {
	p.values++
	v := value{shape: list, line: first + int32(p.rows[p.at].raw)}
	v.items = make([]value, 0, 4)
	for p.indent() == indent && isItem(p.rows[p.at].text) {
		row := &p.rows[p.at]
		rest := row.text[1:]
		inner := strings.TrimLeft(rest, " ")
		if inner != "" && (isItem(inner) || isKeyRow(inner)) {
			row.indent += len(row.text) - len(inner)
			row.text = inner
			element, ok := p.block(first, depth+1)
			if !ok || p.indent() > indent {
				return v, false
			}
			v.items = append(v.items, element)
			continue
		}
		element, ok := p.element(first, rest, indent, depth, false)
		if !ok {
			return v, false
		}
		v.items = append(v.items, element)
	}
	return v, p.indent() <= indent
}

// element reads what stands behind a key or a dash, and moves on to the row after it.
func (p *blockParser) element(first int32, rest string, indent, depth int, ofKey bool) (value, bool) {
	line := first + int32(p.rows[p.at].raw)
	rest = strings.TrimLeft(rest, " ")
	if rest == "|" || rest == "|-" {
		p.values++
		s, ok := p.literal(indent, rest == "|")
		return value{shape: text, scalar: s, line: line}, ok
	}
	p.at++
	next := p.indent()
	if rest == "" {
		if next > indent || ofKey && next == indent && isItem(p.rows[p.at].text) {
			v, ok := p.block(first, depth+1)
			return v, ok && p.indent() <= indent
		}
		p.values++
		return value{line: line}, true
	}
	p.values++
	if next > indent { // more of the same scalar
		return value{}, false
	}
	return flatScalar(rest, line)
}

// flatScalar reads a scalar that ends with its row, and empty lists and objects.
func flatScalar(s string, line int32) (value, bool) {
	last := s[len(s)-1]
	switch s[0] {
	case '"', '\'':
		inner := s[1:max(len(s)-1, 1)]
		if len(s) < 2 || last != s[0] || strings.IndexByte(inner, s[0]) >= 0 || strings.IndexByte(inner, '\\') >= 0 && s[0] == '"' {
			return value{}, false
		}
		return value{shape: text, scalar: inner, line: line}, true
	case '{':
		return value{shape: object, line: line}, s == "{}"
	case '[':
		return value{shape: list, line: line}, s == "[]"
	case '?', ':', ',', ']', '}', '#', '&', '*', '!', '|', '>', '%', '@', '`', '=', '<':
		return value{}, false
	case '-':
		if len(s) == 1 || s[1] == ' ' {
			return value{}, false
		}
	}
	if last == ':' || strings.IndexByte(s, '#') >= 0 || strings.Contains(s, ": ") {
		return value{}, false
	}
	return plain(s, line), true
}

// literal reads the rows of a literal block behind the current row.
func (p *blockParser) literal(indent int, newline bool) (string, bool) {
	start := p.rows[p.at].raw + 1
	depth, end := 0, start // of the block; the row behind its last that is not empty
	for i := start; i < len(p.raw); i++ {
		trimmed := strings.TrimLeft(p.raw[i], " ")
		n := len(p.raw[i]) - len(trimmed)
		switch {
		case trimmed == "" && (depth == 0 || n > depth):
			return "", false // how far such rows are indented decides what they mean
		case trimmed == "":
			continue
		case n <= indent:
			i = len(p.raw)
			continue
		case depth == 0:
			depth = n
		case n < depth:
			return "", false
		}
		end = i + 1
	}
	if depth == 0 {
		return "", false
	}
	var b strings.Builder
	for i := start; i < end; i++ {
		if i > start {
			b.WriteByte('\n')
		}
		b.WriteString(p.raw[i][min(depth, len(p.raw[i])):])
	}
	if newline {
		b.WriteByte('\n')
	}
	for p.at < len(p.rows) && p.rows[p.at].raw < end {
		p.at++
	}
	return b.String(), p.indent() <= indent
}
