package scenario

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"strings"
)

// shape is what a value is written as.
type shape uint8

const (
	null shape = iota
	boolean
	integer
	decimal
	text
	list
	object
)

func (s shape) String() string {
	return [...]string{"null", "a boolean", "a number", "a number", "a string", "a list", "an object"}[s]
}

// value is one value of a document, with the line that it begins in. Values are immutable and may be shared: an alias is
// the value that it stands for.
type value struct {
	shape shape
	line  int32
	// scalar is the text of a scalar: as written for numbers, unescaped for strings.
	scalar string
	// keys are the names of an object's fields, parallel to items.
	keys []key
	// items are the elements of a list or the values of an object's fields.
	items []value
}

type key struct {
	name string
	line int32
}

// field is the value of an object's field, or nil; nil has no fields.
func (v *value) field(name string) *value {
	if v == nil || v.shape != object {
		return nil
	}
	for i := range v.keys {
		if v.keys[i].name == name {
			return &v.items[i]
		}
	}
	return nil
}

// str is the text of a string field, or empty.
func (v *value) str(name string) string {
	if f := v.field(name); f != nil && f.shape == text {
		return f.scalar
	}
	return ""
}

// describe is the value for messages: what it is, and its text when that is short.
func (v *value) describe() string {
	switch v.shape {
	case boolean, integer, decimal:
		return v.shape.String() + " (" + shorten(v.scalar) + ")"
	case text:
		return strconv.Quote(shorten(v.scalar))
	}
	return v.shape.String()
}

func shorten(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "..."
	}
	return s
}

// plain is a scalar without quotes: the rules are those by which Kubernetes reads YAML, except that the older words for
// true and false (yes, on and so forth) are strings.
func plain(s string, line int32) value {
	v := value{shape: text, scalar: s, line: line}
	if s == "" {
		v.shape = null
		return v
	}
	switch s {
	case "~", "null", "Null", "NULL":
		v.shape = null
	case "true", "True", "TRUE", "false", "False", "FALSE":
		v.shape, v.scalar = boolean, strings.ToLower(s)
	case ".nan", ".NaN", ".NAN", ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF":
		v.shape = decimal
	}
	if v.shape != text {
		return v
	}
	switch c := s[0]; {
	case c >= '0' && c <= '9', c == '-', c == '+', c == '.':
		if _, ok := wholeNumber(s); ok {
			v.shape = integer
		} else if isDecimal(s) {
			v.shape = decimal
		}
	}
	return v
}

// wholeNumber reads 12, -3, 0x1f, 0o17, 017 and 1_000.
func wholeNumber(s string) (int64, bool) {
	n, err := strconv.ParseInt(s, 0, 64)
	return n, err == nil
}

// isDecimal reports whether s is digits with at most one point and an exponent.
func isDecimal(s string) bool {
	if s[0] == '-' || s[0] == '+' {
		s = s[1:]
	}
	digits, rest := 0, s
	for len(rest) > 0 && rest[0] >= '0' && rest[0] <= '9' {
		rest, digits = rest[1:], digits+1
	}
	if len(rest) > 0 && rest[0] == '.' {
		rest = rest[1:]
		for len(rest) > 0 && rest[0] >= '0' && rest[0] <= '9' {
			rest, digits = rest[1:], digits+1
		}
	}
	if digits == 0 {
		return false
	}
	if len(rest) == 0 {
		return true
	}
	if rest[0] != 'e' && rest[0] != 'E' {
		return false
	}
	rest = rest[1:]
	if len(rest) > 0 && (rest[0] == '-' || rest[0] == '+') {
		rest = rest[1:]
	}
	if rest == "" {
		return false
	}
	for _, c := range []byte(rest) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// float is the number that an integer or decimal stands for; false for infinities, NaN and what is out of range.
func (v *value) float() (float64, bool) {
	if n, ok := wholeNumber(v.scalar); ok {
		return float64(n), true
	}
	f, err := strconv.ParseFloat(v.scalar, 64)
	return f, err == nil && !math.IsNaN(f) && !math.IsInf(f, 0)
}

// appendJSON writes the value as JSON. Numbers that JSON does not have become strings.
func (v *value) appendJSON(b *bytes.Buffer, budget *int) {
	if *budget--; *budget < 0 {
		b.WriteString("null")
		return
	}
	switch v.shape {
	case null:
		b.WriteString("null")
	case boolean:
		b.WriteString(v.scalar)
	case integer, decimal:
		if n, ok := wholeNumber(v.scalar); ok {
			b.WriteString(strconv.FormatInt(n, 10))
		} else if f, ok := v.float(); ok {
			b.WriteString(strconv.FormatFloat(f, 'g', -1, 64))
		} else {
			appendJSONString(b, v.scalar)
		}
	case text:
		appendJSONString(b, v.scalar)
	case list:
		b.WriteByte('[')
		for i := range v.items {
			if i > 0 {
				b.WriteByte(',')
			}
			v.items[i].appendJSON(b, budget)
		}
		b.WriteByte(']')
	case object:
		b.WriteByte('{')
		for i := range v.items {
			if i > 0 {
				b.WriteByte(',')
			}
			appendJSONString(b, v.keys[i].name)
			b.WriteByte(':')
			v.items[i].appendJSON(b, budget)
		}
		b.WriteByte('}')
	}
}

func appendJSONString(b *bytes.Buffer, s string) {
	quoted, _ := json.Marshal(s) // of a string: cannot fail
	b.Write(quoted)
}
