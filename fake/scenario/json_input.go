package scenario

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// parseJSON reads one JSON value that is known to be valid and begins in the given line of its file.
func parseJSON(data []byte, line int) (value, int, error) {
	p := jsonParser{data: data, line: int32(line)}
	v, err := p.value(0)
	return v, p.values, err
}

type jsonParser struct {
	data   []byte
	pos    int
	line   int32
	values int
}

// next skips blanks and returns the byte after them, 0 at the end.
func (p *jsonParser) next() byte {
	for p.pos < len(p.data) {
		switch c := p.data[p.pos]; c {
		case '\n':
			p.line++
			fallthrough
		case ' ', '\t', '\r':
			p.pos++
		default:
			return c
		}
	}
	return 0
}

func (p *jsonParser) value(depth int) (value, error) {
	p.values++
	c := p.next()
	v := value{line: p.line}
	if depth > maxDepth {
		return v, &syntaxError{line: int(p.line), problem: "nested too deep"}
	}
	switch c {
	case '"':
		v.shape, v.scalar = text, p.text()
		return v, nil
	case '{':
		return p.object(v, depth)
	case '[':
		v.shape = list
		p.pos++
		for p.next() != ']' {
			element, err := p.value(depth + 1)
			if err != nil {
				return v, err
			}
			v.items = append(v.items, element)
			p.comma()
		}
		p.pos++
		return v, nil
	}
	start := p.pos
	for p.pos < len(p.data) && bytes.IndexByte([]byte(",]} \t\r\n"), p.data[p.pos]) < 0 {
		p.pos++
	}
	return plain(string(p.data[start:p.pos]), v.line), nil
}

func (p *jsonParser) object(v value, depth int) (value, error) {
	v.shape = object
	p.pos++
	var large names
	for p.next() != '}' {
		k := key{line: p.line, name: p.text()}
		p.next()
		p.pos++ // colon
		element, err := p.value(depth + 1)
		if err != nil {
			return v, err
		}
		if large == nil && len(v.keys) == 16 {
			large = make(names, 64)
			for _, k := range v.keys {
				large[k.name] = true
			}
		}
		if !large.add(&v, k.name) {
			return v, &syntaxError{line: int(k.line), problem: fmt.Sprintf("key %q occurs twice", k.name)}
		}
		v.keys = append(v.keys, k)
		v.items = append(v.items, element)
		p.comma()
	}
	p.pos++
	return v, nil
}

func (p *jsonParser) comma() {
	if p.next() == ',' {
		p.pos++
	}
}

// text reads a string, from its opening to behind its closing quote.
func (p *jsonParser) text() string {
	start := p.pos
	p.pos++
	escaped := false
	for p.data[p.pos] != '"' {
		if p.data[p.pos] == '\\' {
			escaped = true
			p.pos++
		}
		p.pos++
	}
	p.pos++
	if !escaped {
		return string(p.data[start+1 : p.pos-1])
	}
	var s string
	if err := json.Unmarshal(p.data[start:p.pos], &s); err != nil {
		return string(p.data[start+1 : p.pos-1])
	}
	return s
}
