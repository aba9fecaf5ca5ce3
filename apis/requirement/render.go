package requirement

import (
	"math"
	"strconv"
	"strings"
)

// Operator is the operator that comes closest to r. A requirement between bounds is NotIn if an integer between them is
// left out, else Exists. Of Any it is NotIn: no value is left out. Two answers need a second question: NotIn may have
// been intersected with Exists, which HasAbsent tells; DoesNotExist is also the answer if nothing at all satisfies r,
// which Empty tells.
func (r Requirement) Operator() Operator {
	switch {
	case r.complement && (r.absent || len(r.values) > 0):
		return OpNotIn
	case r.complement:
		return OpExists
	case len(r.values) > 0:
		return OpIn
	default:
		return OpDoesNotExist
	}
}

// Entries is r as a list of API entries, which give r again when each is read with New and all are intersected.
// There are none for Any. There are several where one operator cannot say it: Gte, Lte and NotIn for bounds with
// exclusions; Exists and NotIn for exclusions where the label must be present; Exists and DoesNotExist if nothing
// satisfies r. Gt and Lt never occur. MinValues has no place in an entry and is left to the caller.
func (r Requirement) Entries() []Entry {
	entry := func(op Operator, values ...string) Entry { return Entry{Key: r.key, Operator: op, Values: values} }
	if r.Empty() {
		return []Entry{entry(OpExists), entry(OpDoesNotExist)}
	}
	if !r.complement {
		return []Entry{entry(r.Operator(), r.Values()...)}
	}
	var out []Entry
	switch lo, hi := r.shownBounds(); {
	case r.bounded:
		if lo {
			out = append(out, entry(OpGte, strconv.FormatInt(r.lo, 10)))
		}
		if hi {
			out = append(out, entry(OpLte, strconv.FormatInt(r.hi, 10)))
		}
	case !r.absent:
		out = append(out, entry(OpExists))
	}
	if len(r.values) > 0 {
		out = append(out, entry(OpNotIn, r.Values()...))
	}
	return out
}

// String is one line that is equal for equal requirements and different for others:
//
//	zone In [a b]
//	zone NotIn [a]
//	zone Exists NotIn [a]
//	cpu Exists NotIn [4] >=2 <=8 minValues 3
//	zone DoesNotExist
//	zone In []
//	zone Any
//
// "In []" is the requirement that nothing satisfies. Keys and values that are not made of the characters of labels are
// quoted.
func (r Requirement) String() string {
	var b strings.Builder
	writeWord(&b, r.key)
	b.WriteByte(' ')
	r.write(&b, math.MaxInt)
	return b.String()
}

// write appends r without its key, and no more than limit values.
func (r Requirement) write(b *strings.Builder, limit int) {
	switch {
	case r.Empty():
		b.WriteString("In []")
	case r.absent && r.complement && len(r.values) == 0:
		b.WriteString("Any")
	case r.complement && !r.absent && len(r.values) > 0:
		b.WriteString("Exists NotIn ")
	default:
		b.WriteString(string(r.Operator()))
		if len(r.values) > 0 {
			b.WriteByte(' ')
		}
	}
	if len(r.values) > 0 {
		writeList(b, r.values, limit)
	}
	lo, hi := r.shownBounds()
	if lo {
		b.WriteString(" >=")
		b.WriteString(strconv.FormatInt(r.lo, 10))
	}
	if hi {
		b.WriteString(" <=")
		b.WriteString(strconv.FormatInt(r.hi, 10))
	}
	if r.minValues > 0 {
		b.WriteString(" minValues ")
		b.WriteString(strconv.Itoa(r.minValues))
	}
}

// shownBounds tells which bounds have to be mentioned: those that exclude something, and one of them in any case.
func (r Requirement) shownBounds() (lo, hi bool) {
	hi = r.bounded && r.hi < math.MaxInt64
	lo = r.bounded && (r.lo > 0 || !hi)
	return lo, hi
}

func writeList(b *strings.Builder, values []string, limit int) {
	b.WriteByte('[')
	for i, value := range values[:min(limit, len(values))] {
		if i > 0 {
			b.WriteByte(' ')
		}
		writeWord(b, value)
	}
	b.WriteByte(']')
	if more := len(values) - limit; more > 0 {
		b.WriteString(" and ")
		b.WriteString(strconv.Itoa(more))
		b.WriteString(" more")
	}
}

func writeWord(b *strings.Builder, word string) {
	plain := word != ""
	for i := range len(word) {
		c := word[i]
		plain = plain && (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' ||
			c == '-' || c == '_' || c == '.' || c == '/')
	}
	if plain {
		b.WriteString(word)
	} else {
		b.WriteString(strconv.Quote(word))
	}
}
