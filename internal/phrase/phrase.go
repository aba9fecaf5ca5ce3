package phrase

import (
	"fmt"
	"strconv"
	"strings"
)

// Money is [Dollars] with the sign.
func Money(v float64) string { return "$" + Dollars(v) }

// Dollars has two to four decimals: cents, and more where there is more to see.
func Dollars(v float64) string {
	text := strconv.FormatFloat(v, 'f', 4, 64)
	for strings.HasSuffix(text, "0") && text[len(text)-3] != '.' {
		text = text[:len(text)-1]
	}
	return text
}

// Plural is the word for so many.
func Plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// Fold is the first of a list, and how many more there are.
func Fold[T fmt.Stringer](list []T) string {
	switch len(list) {
	case 0:
		return "-"
	case 1:
		return list[0].String()
	}
	return fmt.Sprintf("%s +%d", list[0], len(list)-1)
}
