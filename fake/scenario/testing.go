package scenario

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kerf-autoscaler/kerf/internal/golden"
)

// Test runs every scenario file under a folder, each as a subtest that is named by its path below the folder without the
// extension, so that the names of the tests read like a list of features. A scenario must state expect or expectError.
//
// With the flag -update, the expect blocks are rewritten with what the planner says; nothing else in the files changes.
func Test(t *testing.T, folder string) {
	t.Helper()
	n := 0
	err := filepath.WalkDir(folder, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !isScenarioFile(file) {
			return err
		}
		n++
		name, err := filepath.Rel(folder, file)
		if err != nil {
			return err
		}
		name = strings.TrimSuffix(filepath.ToSlash(name), filepath.Ext(name))
		t.Run(name, func(t *testing.T) { testFile(t, file) })
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if n == 0 {
		t.Fatalf("%s: no scenario files in that folder", folder)
	}
}

func testFile(t *testing.T, file string) {
	t.Helper()
	s, err := Load([]string{file}, Options{})
	var result *Result
	if err == nil {
		result, err = s.Solve(t.Context())
	}
	switch {
	case s.ExpectError != "" && err == nil:
		t.Errorf("%s: must be refused with %q, but was accepted:\n%s", file, s.ExpectError, result)
	case s.ExpectError != "" && !strings.Contains(err.Error(), s.ExpectError):
		t.Errorf("%s: must be refused with %q, but was refused with:\n%v", file, s.ExpectError, err)
	case s.ExpectError != "":
	case err != nil:
		t.Error(err)
	case !s.declared:
		t.Errorf("%s: has no Scenario document, and so nothing to compare the plan with", file)
	case s.Expect == nil && !golden.Updating():
		t.Errorf("%s: the Scenario has no expect; -update writes it:\n%s", file, result)
	default:
		golden.Compare(t, &expectation{file: file, scenario: s}, result.String())
	}
}

// Check solves the scenario and returns an error with the difference when the answer is not what the scenario expects.
// A scenario that expects nothing is content with any answer.
func (s *Scenario) Check(ctx context.Context) error {
	result, err := s.Solve(ctx)
	if err != nil {
		return err
	}
	if s.Expect == nil {
		return nil
	}
	if d := golden.Diff(*s.Expect, result.String()); d != "" {
		return fmt.Errorf("not as expected (- expected, + got):\n%s", d)
	}
	return nil
}

// expectation is the expect block of a file, as a place that golden texts live in.
type expectation struct {
	file     string
	scenario *Scenario
}

func (e *expectation) Load() (string, error) {
	if e.scenario.Expect == nil {
		return "", nil
	}
	return *e.scenario.Expect, nil
}

func (e *expectation) Save(text string) error {
	data, err := os.ReadFile(e.file)
	if err != nil {
		return err
	}
	if data, err = rewriteExpect(data, text); err != nil {
		return err
	}
	return os.WriteFile(e.file, data, 0o644)
}

func (e *expectation) String() string { return e.file }
