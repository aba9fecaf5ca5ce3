package scenario

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"

	yaml "sigs.k8s.io/yaml/goyaml.v3"
)

// maxDepth bounds how deep values may nest: far more than any manifest has, far less than the stack holds.
const maxDepth = 500

// syntaxError is text that is no YAML. Line counts from 1 in the text; 0 when unknown.
type syntaxError struct {
	line    int
	problem string
}

func (e *syntaxError) Error() string { return e.problem }

// parseYAML reads one document that begins in the given line of its file. The number of values counts those behind an
// alias once.
func parseYAML(data []byte, line int) (v value, values int, err error) {
	defer func() { // the YAML library answers some malformed input with a panic
		if r := recover(); r != nil {
			err = &syntaxError{problem: fmt.Sprintf("not valid YAML: %v", r)}
		}
	}()
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return value{}, 0, asSyntaxError(err, line)
	}
	if len(doc.Content) == 0 {
		return value{}, 0, nil
	}
	c := converter{offset: int32(line) - 1, anchored: map[*yaml.Node]value{}}
	v, err = c.convert(doc.Content[0], 0)
	return v, c.values, err
}

func asSyntaxError(err error, line int) error {
	message, at := err.Error(), 0
	if m := regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)`).FindStringSubmatch(message); m != nil {
		message = m[2]
		if n, _ := strconv.Atoi(m[1]); n > 0 {
			at = line + n - 1
		}
	}
	return &syntaxError{line: at, problem: "not valid YAML: " + message}
}

// converter makes values of the library's nodes.
type converter struct {
	offset   int32
	values   int
	anchored map[*yaml.Node]value // what aliases stand for
}

func (c *converter) fail(n *yaml.Node, problem string) error {
	return &syntaxError{line: n.Line + int(c.offset), problem: problem}
}

func (c *converter) convert(n *yaml.Node, depth int) (value, error) {
	if depth > maxDepth {
		return value{}, c.fail(n, "nested too deep")
	}
	v, err := c.convertNode(n, depth)
	if n.Anchor != "" && err == nil {
		c.anchored[n] = v
	}
	return v, err
}

func (c *converter) convertNode(n *yaml.Node, depth int) (value, error) {
	c.values++
	v := value{line: int32(n.Line) + c.offset}
	switch n.Kind {
	case yaml.AliasNode:
		target, ok := c.anchored[n.Alias]
		if !ok {
			return value{}, c.fail(n, "alias *"+n.Value+" contains itself")
		}
		return target, nil
	case yaml.ScalarNode:
		return c.scalar(n, v.line)
	case yaml.SequenceNode:
		v.shape = list
		v.items = make([]value, 0, len(n.Content))
		for _, item := range n.Content {
			element, err := c.convert(item, depth+1)
			if err != nil {
				return value{}, err
			}
			v.items = append(v.items, element)
		}
		return v, nil
	case yaml.MappingNode:
		return c.mapping(n, v, depth)
	}
	return value{}, c.fail(n, "not a value")
}

func (c *converter) scalar(n *yaml.Node, line int32) (value, error) {
	if n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		return value{shape: text, scalar: n.Value, line: line}, nil
	}
	if n.Style&yaml.TaggedStyle != 0 {
		switch n.Tag {
		case "!!str", "!":
			return value{shape: text, scalar: n.Value, line: line}, nil
		case "!!int", "!!float", "!!bool", "!!null":
		default:
			return value{}, c.fail(n, "tag "+n.Tag+" is not supported")
		}
	}
	return plain(n.Value, line), nil
}

func (c *converter) mapping(n *yaml.Node, v value, depth int) (value, error) {
	v.shape = object
	v.keys = make([]key, 0, len(n.Content)/2)
	v.items = make([]value, 0, len(n.Content)/2)
	var merged []value
	seen := newNames(len(n.Content) / 2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, item := n.Content[i], n.Content[i+1]
		if k.Kind != yaml.ScalarNode {
			return value{}, c.fail(k, "a key must be a string")
		}
		element, err := c.convert(item, depth+1)
		if err != nil {
			return value{}, err
		}
		if k.Value == "<<" && k.Style == 0 {
			merged = append(merged, element)
			continue
		}
		if !seen.add(&v, k.Value) {
			return value{}, c.fail(k, fmt.Sprintf("key %q occurs twice", k.Value))
		}
		v.keys = append(v.keys, key{name: k.Value, line: int32(k.Line) + c.offset})
		v.items = append(v.items, element)
	}
	for _, m := range merged {
		if err := v.merge(&m); err != nil {
			return value{}, c.fail(n, err.Error())
		}
	}
	return v, nil
}

// names finds keys that occur twice: by looking at the keys so far in small objects, with a set in large ones.
type names map[string]bool

func newNames(n int) names {
	if n <= 16 {
		return nil
	}
	return make(names, n)
}

// add reports whether name is new to the object.
func (s names) add(v *value, name string) bool {
	if s == nil {
		return v.field(name) == nil
	}
	if s[name] {
		return false
	}
	s[name] = true
	return true
}

// merge adds the fields that v does not have, of an object or of a list of objects.
func (v *value) merge(m *value) error {
	switch m.shape {
	case object:
		for i := range m.keys {
			if v.field(m.keys[i].name) == nil {
				v.keys = append(v.keys, m.keys[i])
				v.items = append(v.items, m.items[i])
			}
		}
		return nil
	case list:
		for i := range m.items {
			if m.items[i].shape != object {
				return errors.New("<< must name objects")
			}
			if err := v.merge(&m.items[i]); err != nil {
				return err
			}
		}
		return nil
	}
	return errors.New("<< must name an object")
}
