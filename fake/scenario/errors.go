package scenario

import (
	"errors"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Error is something wrong with one document. [Load] returns all that it finds, joined.
type Error struct {
	// File is the file as it was named to Load, "-" for standard input.
	File string
	// Line is where in the file, counted from 1; 0 when unknown.
	Line int
	// Document is which document of the file, counted from 1; those without content do not count. 0: the file itself.
	Document int
	// Item is which item of a List document, counted from 1; 0 when the document is no List.
	Item int
	// Kind, Namespace and Name are those of the document, as far as they are known.
	Kind, Namespace, Name string
	// Path leads to the field; empty for the document as a whole.
	Path string
	// Problem says what is wrong.
	Problem string
}

// Error is where, what and why, in one line.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.Line > 0 {
		fmt.Fprintf(&b, ":%d", e.Line)
	}
	b.WriteString(": ")
	if e.Document > 0 {
		b.WriteString(e.document())
		b.WriteString(": ")
	}
	if e.Path != "" {
		b.WriteString(e.Path)
		b.WriteString(": ")
	}
	b.WriteString(e.Problem)
	return b.String()
}

func (e *Error) document() string {
	out := fmt.Sprintf("document %d", e.Document)
	if e.Item > 0 {
		out += fmt.Sprintf(", item %d", e.Item)
	}
	what := e.Kind
	if name := e.Name; name != "" {
		if e.Namespace != "" {
			name = e.Namespace + "/" + name
		}
		what = strings.TrimSpace(what + " " + name)
	}
	if what == "" {
		return out
	}
	return out + " (" + what + ")"
}

// origin is where an object comes from.
type origin struct {
	file                  string
	line                  int32
	document, item        int32
	kind, namespace, name string
}

// errorf is a problem with the object.
func (o origin) errorf(path, format string, args ...any) *Error {
	return o.at(0, path, format, args...)
}

// at is a problem in the given line, or somewhere in the document if that is 0.
func (o origin) at(line int32, path, format string, args ...any) *Error {
	if line == 0 {
		line = o.line
	}
	return &Error{
		File: o.file, Line: int(line), Document: int(o.document), Item: int(o.item),
		Kind: o.kind, Namespace: o.namespace, Name: o.name, Path: path, Problem: fmt.Sprintf(format, args...),
	}
}

// String names the document, for messages about another one.
func (o origin) String() string {
	e := o.errorf("", "")
	return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.document())
}

func (o origin) namespaced() types.NamespacedName {
	return types.NamespacedName{Namespace: o.namespace, Name: o.name}
}

// maxErrors bounds how many errors Load returns.
const maxErrors = 20

// problems collects errors, up to a bound.
type problems struct {
	list []error
	more int
}

func (p *problems) add(err error) {
	if len(p.list) < maxErrors {
		p.list = append(p.list, err)
	} else {
		p.more++
	}
}

// addFields adds what a validation of the object found.
func (p *problems) addFields(o origin, list field.ErrorList) {
	for _, e := range list {
		p.add(o.errorf(e.Field, "%s", e.ErrorBody()))
	}
}

func (p *problems) err() error {
	list := p.list
	if p.more > 0 {
		list = append(list, fmt.Errorf("and %d more errors", p.more))
	}
	return errors.Join(list...)
}
