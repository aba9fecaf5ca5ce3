package scenario

import (
	"reflect"
	"slices"
	"strings"
)

// mode is how a type is read.
type mode uint8

const (
	modeKind        mode = iota // by its reflect.Kind
	modeQuantity                // resource.Quantity
	modeUnmarshaler             // by its own UnmarshalJSON
)

// typeInfo is what the decoder knows of a type.
type typeInfo struct {
	mode   mode
	fields map[string][]int // of a struct, by JSON name: reflect index
	names  []string         // keys of fields, sorted
}

func (d *decoder) typeOf(t reflect.Type) *typeInfo {
	if info, ok := d.types[t]; ok {
		return info
	}
	info := &typeInfo{}
	d.types[t] = info
	switch {
	case t == quantityType:
		info.mode = modeQuantity
	case t.Kind() != reflect.Pointer && reflect.PointerTo(t).Implements(unmarshalerType):
		info.mode = modeUnmarshaler
	case t.Kind() == reflect.Struct:
		info.fields = map[string][]int{}
		collectFields(info.fields, t, nil)
		for name := range info.fields {
			info.names = append(info.names, name)
		}
		slices.Sort(info.names)
	}
	return info
}

// collectFields lists the JSON fields of a struct, those of embedded structs without a name of their own included.
func collectFields(into map[string][]int, t reflect.Type, prefix []int) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		index := append(slices.Clone(prefix), i)
		embedded := f.Anonymous && name == "" || strings.Contains(options, "inline")
		switch {
		case name == "-" && options == "":
		case embedded && f.Type.Kind() == reflect.Struct:
			collectFields(into, f.Type, index)
		case !f.IsExported():
		case name == "":
			into[f.Name] = index
		default:
			into[name] = index
		}
	}
}

// suggest is a hint at the field that was meant, or empty.
func (t *typeInfo) suggest(name string) string {
	best, distance := "", 3
	for _, known := range t.names {
		if n := editDistance(strings.ToLower(name), strings.ToLower(known)); n < distance && n < len(known) {
			best, distance = known, n
		}
	}
	if best == "" {
		return ""
	}
	return " (did you mean " + best + "?)"
}

// editDistance is how many letters must be inserted, removed or replaced to make b of a; 99 for long words.
func editDistance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return 99
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
