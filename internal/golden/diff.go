package golden

import (
	"fmt"
	"strings"
)

// context is how many equal lines are shown around a difference.
const context = 3

// maxCells bounds the memory that Diff spends on finding the longest common part. Above it the differing middle is shown
// as removed and added as a whole.
const maxCells = 4 << 20

// edit is one line of a diff: ' ' for both, '-' for the first only, '+' for the second only.
type edit struct {
	op   byte
	line string
}

// Diff says line by line how b differs from a; empty when they are equal. Stretches of equal lines are left out, with a
// line that says where the next one begins in a and b.
func Diff(a, b string) string {
	if a == b {
		return ""
	}
	return render(edits(lines(a), lines(b)))
}

// lines splits behind line ends. A last line without an end is told apart from one with.
func lines(s string) []string {
	list := strings.SplitAfter(s, "\n")
	if last := len(list) - 1; list[last] == "" {
		return list[:last]
	}
	return list
}

func edits(a, b []string) []edit {
	var head, tail []edit
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		head = append(head, edit{' ', a[0]})
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		tail = append(tail, edit{' ', a[len(a)-1]})
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	out := append(head, middle(a, b)...)
	for i := len(tail) - 1; i >= 0; i-- {
		out = append(out, tail[i])
	}
	return out
}

// middle compares two lists by their longest common subsequence.
func middle(a, b []string) []edit {
	var out []edit
	if (len(a)+1)*(len(b)+1) > maxCells {
		for _, line := range a {
			out = append(out, edit{'-', line})
		}
		for _, line := range b {
			out = append(out, edit{'+', line})
		}
		return out
	}
	width := len(b) + 1
	common := make([]int32, (len(a)+1)*width) // of a[i:] and b[j:]
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				common[i*width+j] = common[(i+1)*width+j+1] + 1
			} else {
				common[i*width+j] = max(common[(i+1)*width+j], common[i*width+j+1])
			}
		}
	}
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			out = append(out, edit{' ', a[i]})
			i, j = i+1, j+1
		case j == len(b) || i < len(a) && common[(i+1)*width+j] >= common[i*width+j+1]:
			out = append(out, edit{'-', a[i]})
			i++
		default:
			out = append(out, edit{'+', b[j]})
			j++
		}
	}
	return out
}

func render(list []edit) string {
	near := make([]bool, len(list))
	for i, e := range list {
		if e.op != ' ' {
			for k := max(0, i-context); k < min(len(list), i+context+1); k++ {
				near[k] = true
			}
		}
	}
	var b strings.Builder
	lineA, lineB := 1, 1
	for i, e := range list {
		if near[i] {
			if i > 0 && !near[i-1] {
				fmt.Fprintf(&b, "@@ -%d +%d @@\n", lineA, lineB)
			}
			b.WriteByte(e.op)
			b.WriteString(e.line)
			if !strings.HasSuffix(e.line, "\n") {
				b.WriteString("\n\\ no newline at end\n")
			}
		}
		if e.op != '+' {
			lineA++
		}
		if e.op != '-' {
			lineB++
		}
	}
	return b.String()
}
