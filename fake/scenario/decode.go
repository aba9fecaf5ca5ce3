package scenario

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
)

// maxProblems bounds how many problems of one document are told.
const maxProblems = 10

// fieldProblem is something wrong with one field of a document.
type fieldProblem struct {
	line    int32
	path    string
	problem string
}

// decoder fills Go values from document values, as strictly as the API server does: a field that the type does not have
// and a value of another type are problems. It keeps what it has learned about types, so use one for many documents. Not
// safe for concurrent use.
type decoder struct {
	types      map[reflect.Type]*typeInfo
	quantities map[string]resource.Quantity
	problems   []fieldProblem
	budget     int // values that the document may still stand for, aliases expanded
}

func newDecoder() *decoder {
	return &decoder{types: map[reflect.Type]*typeInfo{}, quantities: map[string]resource.Quantity{}}
}

// decode fills into, a pointer, and returns what is wrong. values is how many values the document has.
func (d *decoder) decode(v *value, values int, into any) []fieldProblem {
	d.problems, d.budget = nil, 20*values+10_000
	d.into(v, reflect.ValueOf(into).Elem(), nil)
	if d.budget < 0 {
		d.problems = []fieldProblem{{line: v.line, problem: "aliases stand for too much"}}
	}
	return d.problems
}

// step is one step of a path, linked to the steps before it, so that a path costs nothing until there is a problem.
type step struct {
	parent *step
	name   string // of a field or map key; empty for an element
	index  int
	quoted bool // a map key
}

func (s *step) String() string {
	if s == nil {
		return ""
	}
	parent := s.parent.String()
	switch {
	case s.quoted:
		return parent + "[" + s.name + "]"
	case s.name == "":
		return parent + "[" + strconv.Itoa(s.index) + "]"
	case parent == "":
		return s.name
	}
	return parent + "." + s.name
}

func (d *decoder) problem(line int32, at *step, format string, args ...any) {
	if len(d.problems) < maxProblems {
		d.problems = append(d.problems, fieldProblem{line: line, path: at.String(), problem: fmt.Sprintf(format, args...)})
	}
}

func (d *decoder) into(v *value, target reflect.Value, at *step) {
	if d.budget--; d.budget < 0 || v.shape == null {
		return
	}
	info := d.typeOf(target.Type())
	switch info.mode {
	case modeQuantity:
		d.quantity(v, target, at)
		return
	case modeUnmarshaler:
		d.unmarshal(v, target, at)
		return
	}
	switch target.Kind() {
	case reflect.Pointer:
		if target.IsNil() {
			target.Set(reflect.New(target.Type().Elem()))
		}
		d.into(v, target.Elem(), at)
	case reflect.Struct:
		d.structure(v, target, info, at)
	case reflect.Map:
		d.mapping(v, target, at)
	case reflect.Slice:
		d.slice(v, target, at)
	case reflect.Interface:
		target.Set(reflect.ValueOf(v.generic(&d.budget)))
	default:
		d.scalar(v, target, at)
	}
}

func (d *decoder) structure(v *value, target reflect.Value, info *typeInfo, at *step) {
	if v.shape != object {
		d.problem(v.line, at, "must be an object, is %s", v.describe())
		return
	}
	for i := range v.keys {
		k := &v.keys[i]
		index, known := info.fields[k.name]
		here := step{parent: at, name: k.name}
		if !known {
			d.problem(k.line, &here, "unknown field%s", info.suggest(k.name))
			continue
		}
		d.into(&v.items[i], target.FieldByIndex(index), &here)
	}
}

func (d *decoder) mapping(v *value, target reflect.Value, at *step) {
	if v.shape != object {
		d.problem(v.line, at, "must be an object, is %s", v.describe())
		return
	}
	t := target.Type()
	if t.Key().Kind() != reflect.String {
		d.problem(v.line, at, "cannot be read here")
		return
	}
	out := reflect.MakeMapWithSize(t, len(v.keys))
	element := reflect.New(t.Elem()).Elem()
	for i := range v.keys {
		here := step{parent: at, name: v.keys[i].name, quoted: true}
		element.SetZero()
		d.into(&v.items[i], element, &here)
		out.SetMapIndex(reflect.ValueOf(v.keys[i].name).Convert(t.Key()), element)
	}
	target.Set(out)
}

func (d *decoder) slice(v *value, target reflect.Value, at *step) {
	if target.Type().Elem().Kind() == reflect.Uint8 {
		data, err := base64.StdEncoding.DecodeString(v.scalar)
		if v.shape != text || err != nil {
			d.problem(v.line, at, "must be base64 text, is %s", v.describe())
			return
		}
		target.SetBytes(data)
		return
	}
	if v.shape != list {
		d.problem(v.line, at, "must be a list, is %s", v.describe())
		return
	}
	out := reflect.MakeSlice(target.Type(), len(v.items), len(v.items))
	for i := range v.items {
		d.into(&v.items[i], out.Index(i), &step{parent: at, index: i})
	}
	target.Set(out)
}

func (d *decoder) scalar(v *value, target reflect.Value, at *step) {
	switch target.Kind() {
	case reflect.String:
		if v.shape == text {
			target.SetString(v.scalar)
			return
		}
		hint := ""
		if v.shape == boolean || v.shape == integer || v.shape == decimal {
			hint = ": put it in quotes"
		}
		d.problem(v.line, at, "must be a string, is %s%s", v.describe(), hint)
	case reflect.Bool:
		if v.shape != boolean {
			d.problem(v.line, at, "must be true or false, is %s", v.describe())
			return
		}
		target.SetBool(v.scalar == "true")
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		n, ok := v.int()
		if !ok || target.OverflowInt(n) {
			d.problem(v.line, at, "must be a whole number, is %s", v.describe())
			return
		}
		target.SetInt(n)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		n, ok := v.int()
		if !ok || n < 0 || target.OverflowUint(uint64(n)) {
			d.problem(v.line, at, "must be a whole number of at least 0, is %s", v.describe())
			return
		}
		target.SetUint(uint64(n))
	case reflect.Float32, reflect.Float64:
		if v.shape != integer && v.shape != decimal {
			d.problem(v.line, at, "must be a number, is %s", v.describe())
			return
		}
		f, ok := v.float()
		if !ok {
			d.problem(v.line, at, "must be a finite number, is %s", shorten(v.scalar))
			return
		}
		target.SetFloat(f)
	default:
		d.problem(v.line, at, "cannot be read here")
	}
}

// int is the number of an integer, or of a decimal without a fraction.
func (v *value) int() (int64, bool) {
	switch v.shape {
	case integer:
		return wholeNumber(v.scalar)
	case decimal:
		f, ok := v.float()
		n := int64(f)
		return n, ok && float64(n) == f && n != -1<<63 && f < 1<<63
	}
	return 0, false
}

func (d *decoder) quantity(v *value, target reflect.Value, at *step) {
	if v.shape != text && v.shape != integer && v.shape != decimal {
		d.problem(v.line, at, "must be a quantity such as 500m or 8Gi, is %s", v.describe())
		return
	}
	q, known := d.quantities[v.scalar]
	if !known {
		s := strings.TrimSpace(v.scalar)
		if f, ok := v.float(); ok && v.shape != text {
			s = strconv.FormatFloat(f, 'g', -1, 64)
			if n, ok := v.int(); ok {
				s = strconv.FormatInt(n, 10)
			}
		}
		var err error
		if q, err = parseQuantity(s); err != nil {
			d.problem(v.line, at, "must be a quantity such as 500m or 8Gi, is %s", v.describe())
			return
		}
		d.quantities[v.scalar] = q
	}
	target.Set(reflect.ValueOf(q.DeepCopy()))
}

// parseQuantity reads a quantity whose exponent is within reason: the exact arithmetic of quantities takes time and
// memory in proportion to it.
func parseQuantity(s string) (resource.Quantity, error) {
	if i := strings.IndexAny(s, "eE"); i > 0 && i+1 < len(s) {
		if n, err := strconv.Atoi(strings.TrimPrefix(s[i+1:], "+")); err == nil && (n > 30 || n < -30) {
			return resource.Quantity{}, resource.ErrFormatWrong
		}
	}
	if len(s) > 64 {
		return resource.Quantity{}, resource.ErrFormatWrong
	}
	return resource.ParseQuantity(s)
}

// unmarshal hands the value to the type's own UnmarshalJSON.
func (d *decoder) unmarshal(v *value, target reflect.Value, at *step) {
	var b bytes.Buffer
	v.appendJSON(&b, &d.budget)
	if err := target.Addr().Interface().(json.Unmarshaler).UnmarshalJSON(b.Bytes()); err != nil {
		message := strings.TrimPrefix(err.Error(), "json: ")
		d.problem(v.line, at, "%s", message)
	}
}

// generic is the value as encoding/json would decode it into any.
func (v *value) generic(budget *int) any {
	if *budget--; *budget < 0 {
		return ""
	}
	switch v.shape {
	case boolean:
		return v.scalar == "true"
	case integer, decimal:
		if n, ok := v.int(); ok {
			return n
		}
		f, _ := v.float()
		return f
	case text:
		return v.scalar
	case list:
		out := make([]any, len(v.items))
		for i := range v.items {
			out[i] = v.items[i].generic(budget)
		}
		return out
	case object:
		out := make(map[string]any, len(v.keys))
		for i := range v.keys {
			out[v.keys[i].name] = v.items[i].generic(budget)
		}
		return out
	}
	return ""
}

var (
	unmarshalerType = reflect.TypeFor[json.Unmarshaler]()
	quantityType    = reflect.TypeFor[resource.Quantity]()
)
