package golden

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"testing"
)

// updating is the flag -update of the test binary.
var updating = register()

func register() *bool {
	if !testing.Testing() || flag.Lookup("update") != nil {
		return new(bool)
	}
	return flag.Bool("update", false, "rewrite expectations with what the tests got")
}

// Updating reports whether the tests run with -update.
func Updating() bool { return *updating }

// Store is where an expectation lives.
type Store interface {
	// Load is the expected text.
	Load() (string, error)
	// Save replaces the expected text.
	Save(text string) error
	// String names the place, for messages.
	String() string
}

// File is an expectation that is a whole file. A file that does not exist expects nothing at all.
type File string

// Load implements [Store].
func (f File) Load() (string, error) {
	data, err := os.ReadFile(string(f))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return string(data), err
}

// Save implements [Store].
func (f File) Save(text string) error { return os.WriteFile(string(f), []byte(text), 0o644) }

// String implements [Store].
func (f File) String() string { return string(f) }

// Compare fails the test when got is not the expected text, or makes it the expected text when the tests run with
// -update.
func Compare(t testing.TB, expected Store, got string) {
	t.Helper()
	if err := check(expected, got, Updating()); err != nil {
		t.Error(err)
	}
}

func check(expected Store, got string, update bool) error {
	want, err := expected.Load()
	if err != nil {
		return fmt.Errorf("read expectation of %s: %w", expected, err)
	}
	if want == got {
		return nil
	}
	if update {
		if err := expected.Save(got); err != nil {
			return fmt.Errorf("update %s: %w", expected, err)
		}
		return nil
	}
	return fmt.Errorf("%s: not as expected (- expected, + got; -update accepts it):\n%s", expected, Diff(want, got))
}
