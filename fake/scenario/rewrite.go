package scenario

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/kerf-autoscaler/kerf/apis/v1alpha1"
)

// rewriteExpect returns the file with another expect block in its Scenario document. Everything else stays as it is, byte
// for byte. Errors say what to write by hand first.
func rewriteExpect(data []byte, expect string) ([]byte, error) {
	specLine, expectLine, err := findExpect(data)
	if err != nil {
		return nil, err
	}
	lines := bytes.SplitAfter(data, []byte("\n"))
	ending := "\n"
	if bytes.HasSuffix(lines[specLine-1], []byte("\r\n")) {
		ending = "\r\n"
	}
	var head, indent, comment string
	from, to := expectLine, expectLine // lines that go, counted from 0: [from, to)
	if expectLine > 0 {
		m := regexp.MustCompile(`^( *)expect:(?:$|[ \t])(.*)$`).FindStringSubmatch(row(lines[expectLine-1]))
		if m == nil {
			return nil, errors.New(`cannot be rewritten: write the field on a line of its own, as in "expect: |"`)
		}
		indent = m[1]
		if c := regexp.MustCompile(`^[ \t]*(?:|[|>][0-9+-]*|""|'')([ \t]+#.*)$`).FindStringSubmatch(" " + m[2]); c != nil {
			comment = " " + strings.TrimLeft(c[1], " \t")
		}
		from, to = expectLine-1, blockEnd(lines, expectLine, len(indent))
		if header, _, _ := strings.Cut(m[2], "#"); strings.HasPrefix(header, "|") && strings.Contains(header, "+") {
			for to < len(lines) && len(lines[to]) > 0 && strings.TrimSpace(row(lines[to])) == "" {
				to++ // empty lines belong to a block that keeps them
			}
		}
	} else {
		m := regexp.MustCompile(`^( *)spec:[ \t]*(?:#.*)?$`).FindStringSubmatch(row(lines[specLine-1]))
		if m == nil {
			return nil, errors.New(`cannot be rewritten: write "expect: |" into the spec on a line of its own`)
		}
		indent = m[1] + "  "
		for _, line := range lines[specLine:] {
			if r := row(line); strings.TrimSpace(r) != "" && !strings.HasPrefix(strings.TrimSpace(r), "#") {
				if n := indentation(r); n > len(m[1]) {
					indent = r[:n]
				}
				break
			}
		}
		from = blockEnd(lines, specLine, len(m[1]))
		to = from
		if last := lines[from-1]; !bytes.HasSuffix(last, []byte("\n")) {
			head = ending
		}
	}
	var out bytes.Buffer
	out.Write(bytes.Join(lines[:from], nil))
	out.WriteString(head)
	out.WriteString(expectBlock(indent, comment, expect, ending))
	out.Write(bytes.Join(lines[to:], nil))
	return out.Bytes(), nil
}

// findExpect returns the lines of the Scenario's spec and of its expect, counted from 1; 0 for an expect that is not
// there.
func findExpect(data []byte) (spec, expect int, err error) {
	for _, c := range split(data) {
		found := false
		_ = c.parse(func(v value, _ int) { // other documents may be broken: that is what some scenarios are about
			s := v.field("spec")
			if found || v.str("kind") != v1alpha1.KindScenario || s == nil {
				return
			}
			for i := range v.keys {
				if v.keys[i].name == "spec" {
					found, spec = true, int(v.keys[i].line)
				}
			}
			for i := range s.keys {
				if s.keys[i].name == "expect" {
					expect = int(s.keys[i].line)
				}
			}
		})
		if found {
			return spec, expect, nil
		}
	}
	return 0, 0, errors.New("has no Scenario document with a spec")
}

func row(line []byte) string { return strings.TrimRight(string(line), "\r\n") }

func indentation(r string) int { return len(r) - len(strings.TrimLeft(r, " ")) }

// blockEnd is the number of lines up to the end of the block whose first line is line number start: the lines after it
// that are indented deeper. Empty lines at the end do not belong to it.
func blockEnd(lines [][]byte, start, indent int) int {
	end := start
	for i := start; i < len(lines); i++ {
		r := row(lines[i])
		if strings.TrimSpace(r) == "" {
			continue
		}
		if indentation(r) <= indent {
			break
		}
		end = i + 1
	}
	return end
}

// expectBlock is the field with the text as a literal block.
func expectBlock(indent, comment, expect, ending string) string {
	if expect == "" {
		return fmt.Sprintf("%sexpect: \"\"%s%s", indent, comment, ending)
	}
	header := "|"
	if first := expect[0]; first == ' ' || first == '\n' {
		header += "2"
	}
	body, trimmed := expect, strings.TrimRight(expect, "\n")
	switch len(expect) - len(trimmed) {
	case 0:
		header += "-"
	case 1:
		body = trimmed
	default:
		header += "+"
		body = expect[:len(expect)-1]
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%sexpect: %s%s%s", indent, header, comment, ending)
	for _, line := range strings.Split(body, "\n") {
		if line != "" {
			b.WriteString(indent + "  " + line)
		}
		b.WriteString(ending)
	}
	return b.String()
}
