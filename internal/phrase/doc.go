// Package phrase is how plans, decisions and reports write amounts and lists: the same everywhere.
package phrase
