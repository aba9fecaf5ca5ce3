package scenario

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/kerf-autoscaler/kerf/disruption"
)

// Options say how to read scenario files. The zero value is strict.
type Options struct {
	// IgnoreUnknown skips documents of kinds that the format does not have. Unknown fields of known kinds stay errors.
	IgnoreUnknown bool
	// Decide is what to ask, whatever a Scenario document says: v1alpha1.DecideProvision or v1alpha1.DecideDisrupt. Empty: what
	// the document says. With DecideDisrupt the documents need not state the time: see [Scenario.NowFrom].
	Decide string
}

var errNoDocuments = errors.New("there is no document to read")

// stdin is the path that stands for standard input.
const stdin = "-"

// Load reads one scenario from files, folders (all their *.yaml, *.yml and *.json, by name) and standard input ("-"),
// in the order given. Documents may refer to each other in any order and across files.
//
// Errors are [Error]s, joined. The Scenario comes with an error too: it then has what the Scenario document says and an
// empty snapshot.
func Load(paths []string, options Options) (*Scenario, error) {
	r := newReader(options)
	for _, p := range paths {
		if p == stdin {
			r.stream(stdin, os.Stdin, nil)
			continue
		}
		beside := func(file string) opener {
			return func(name string) (fs.File, error) {
				if !filepath.IsAbs(name) {
					name = filepath.Join(filepath.Dir(file), name)
				}
				return os.Open(name)
			}
		}
		list, err := files(p, os.Stat, os.ReadDir, filepath.Join)
		if err != nil {
			r.world.problems.add(err)
		}
		for _, file := range list {
			f, err := os.Open(file)
			if err != nil {
				r.world.problems.add(err)
				continue
			}
			r.stream(file, f, beside(file))
			_ = f.Close() // was only read
		}
	}
	return r.finish()
}

// LoadFS is [Load] for files of a file system; "-" has no meaning there.
func LoadFS(fsys fs.FS, paths []string, options Options) (*Scenario, error) {
	r := newReader(options)
	for _, p := range paths {
		stat := func(name string) (fs.FileInfo, error) { return fs.Stat(fsys, name) }
		readDir := func(name string) ([]fs.DirEntry, error) { return fs.ReadDir(fsys, name) }
		list, err := files(p, stat, readDir, path.Join)
		if err != nil {
			r.world.problems.add(err)
		}
		for _, file := range list {
			f, err := fsys.Open(file)
			if err != nil {
				r.world.problems.add(err)
				continue
			}
			r.stream(file, f, func(name string) (fs.File, error) { return fsys.Open(path.Join(path.Dir(file), name)) })
			_ = f.Close() // was only read
		}
	}
	return r.finish()
}

// Read reads one scenario from a stream. The name stands for the file in errors. Catalogues in files of their own
// cannot be found from there.
func Read(stream io.Reader, name string, options Options) (*Scenario, error) {
	r := newReader(options)
	r.stream(name, stream, nil)
	return r.finish()
}

// files is the path itself, or the scenario files of the folder that it names.
func files(name string, stat func(string) (fs.FileInfo, error), readDir func(string) ([]fs.DirEntry, error), join func(...string) string) ([]string, error) {
	info, err := stat(name)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return []string{name}, nil
	}
	entries, err := readDir(name) // sorted by name
	if err != nil {
		return nil, err
	}
	var out []string
	for _, e := range entries {
		if !e.IsDir() && isScenarioFile(e.Name()) {
			out = append(out, join(name, e.Name()))
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s: no *.yaml, *.yml or *.json in that folder", name)
	}
	return out, nil
}

func isScenarioFile(name string) bool {
	return slices.Contains([]string{".yaml", ".yml", ".json"}, path.Ext(name))
}

// stream reads the documents of one file.
func (r *reader) stream(file string, stream io.Reader, open opener) {
	var data bytes.Buffer
	if _, err := data.ReadFrom(stream); err != nil {
		r.world.problems.add(fmt.Errorf("read %s: %w", file, err))
		return
	}
	r.open = open
	documents := int32(0)
	for _, c := range split(data.Bytes()) {
		next := func() origin {
			documents++
			r.read++
			return origin{file: file, line: int32(c.line), document: documents}
		}
		err := c.parse(func(v value, values int) {
			o := next()
			o.line = max(v.line, int32(c.line))
			r.document(o, &v, values)
		})
		if err != nil {
			o := next()
			o.kind, o.name = c.guess()
			line := 0
			if syntax, ok := errors.AsType[*syntaxError](err); ok {
				line = syntax.line
			}
			r.world.problems.add(o.at(int32(line), "", "%v", err))
		}
	}
}

// finish makes a scenario of all that was read.
func (r *reader) finish() (*Scenario, error) {
	s := r.world.header(r.options.Decide)
	switch {
	case r.read > 0 && s.Decide == disrupt && s.Snapshot.Now.IsZero():
		r.world.now(s)
	case r.read == 0 && len(r.world.problems.list) == 0:
		r.world.problems.add(errNoDocuments)
	}
	if len(r.world.problems.list) == 0 {
		r.world.build(s)
	}
	if err := r.world.problems.err(); err != nil {
		s.Snapshot, s.DisruptionBudgets, s.Disruption = emptySnapshot(s.Snapshot.Now), nil, disruption.Input{}
		return s, err
	}
	return s, nil
}
