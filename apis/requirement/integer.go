package requirement

import "math"

// integer reads a label value as a number of 64 bits. It accepts digits only: a label value cannot start with a sign.
// It stands in for strconv.ParseInt, which allocates an error for every value that is no number.
func integer(value string) (int64, bool) {
	if value == "" {
		return 0, false
	}
	var n int64
	for i := range len(value) {
		digit := int64(value[i]) - '0'
		if digit < 0 || digit > 9 || n > (math.MaxInt64-digit)/10 {
			return 0, false
		}
		n = n*10 + digit
	}
	return n, true
}

// within reports whether the value is an integer from lo to hi.
func within(value string, lo, hi int64) bool {
	n, ok := integer(value)
	return ok && lo <= n && n <= hi
}

// canonical reports whether a value that reads as an integer is the usual spelling of it, without leading zeros.
func canonical(value string) bool { return value == "0" || value != "" && value[0] != '0' }
