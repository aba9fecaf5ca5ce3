package crds

import (
	"embed"
	"io/fs"
)

// files holds the manifests. An embed directive needs a package-level variable; nothing can write to this one.
//
//go:embed *.yaml
var files embed.FS

// Manifest is one CustomResourceDefinition.
type Manifest struct {
	// Name is that of the file: group, underscore, plural, ".yaml".
	Name string
	// YAML is the document.
	YAML []byte
}

// Manifests are all documents, in the order of their names, in memory that is the caller's.
func Manifests() []Manifest {
	entries, err := fs.ReadDir(files, ".")
	if err != nil {
		panic("crds: the embedded folder cannot be read: " + err.Error()) // the compiler put it there
	}
	out := make([]Manifest, 0, len(entries))
	for _, entry := range entries {
		document, err := fs.ReadFile(files, entry.Name())
		if err != nil {
			panic("crds: the embedded file " + entry.Name() + " cannot be read: " + err.Error())
		}
		out = append(out, Manifest{Name: entry.Name(), YAML: document})
	}
	return out
}
