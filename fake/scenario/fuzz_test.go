package scenario

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kerf-autoscaler/kerf/scheduling"
)

// Whatever the input, there is an answer: a scenario that the planner compiles or refuses, or errors, and no panic.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{somePool, someType, somePod, smallShop, someNode, claimDocument("c", "status: {nodeName: n-1}\n"),
		somePool + "---" + someType + "---" + someNode + "---\n" + someClaim + "---" + webPod("a", "") + "---\n" + podBudgetDocument("maxUnavailable: 50%", "") + "---\n" +
			asked("interruptions: [{node: n-1, kind: Reclaim}]\ninProgress: [{reason: Empty, remove: [n-1]}]\nprint: [budgets]"),
		"&a {<<: *a}", "- - - -", "{\"apiVersion\": \"v1\"}{", "--- |\n a", "!!binary x", "? [a]\n: b", "a: !x b", "%YAML 1.1\n---\na"} {
		f.Add([]byte(seed))
	}
	files, err := filepath.Glob("testdata/*/*")
	require.NoError(f, err)
	scenarios, err := filepath.Glob("../../scheduling/testdata/*/*.yaml")
	require.NoError(f, err)
	files = append(files, scenarios...)
	for _, file := range files {
		if data, err := os.ReadFile(file); err == nil {
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if bytes.Contains(data, []byte("replicas")) && len(data) > 1<<16 {
			return
		}
		s, err := Read(bytes.NewReader(data), "fuzz.yaml", Options{IgnoreUnknown: true})
		require.NotNil(t, s)
		if err != nil || len(s.Snapshot.Pods) > 1000 {
			return
		}
		if plan, err := scheduling.Solve(t.Context(), s.Snapshot, scheduling.Options{Effort: 500}); err == nil { // may refuse
			require.Len(t, plan.Assignments, plan.Stats.Pods-len(plan.Unplaced))
			_ = plan.String()
			for _, u := range plan.Unplaced[:min(len(plan.Unplaced), 20)] {
				_ = plan.Explain(u.Pod).String()
			}
		}
		if s.Decide == disrupt {
			s.DisruptionOptions.Effort = 20
			if result, err := s.Solve(t.Context()); err == nil { // may refuse
				_ = result.String()
				_, err = result.JSON()
				require.NoError(t, err)
			}
			s.DisruptionOptions.Effort = 0
		}
		again, err := Read(bytes.NewReader(data), "fuzz.yaml", Options{IgnoreUnknown: true})
		require.NoError(t, err)
		require.Equal(t, s, again)
	})
}

// The JSON reader agrees with encoding/json wherever that accepts.
func FuzzJSON(f *testing.F) {
	for _, seed := range []string{`{"a": [1, -2.5e3, "x\"\u00e9", null, true, false, {}]}`, `[]`, `"a"`, ` 1 `, "{\"a\":\n[\t]}"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if !json.Valid(data) {
			return
		}
		v, values, err := parseJSON(data, 1)
		if err != nil { // keys that occur twice, or too deep
			return
		}
		var got bytes.Buffer
		v.appendJSON(&got, &values)
		var want, have any
		if json.Unmarshal(data, &want) != nil { // numbers out of range
			return
		}
		require.NoError(t, json.Unmarshal(got.Bytes(), &have), "%s", got.String())
		if !strings.ContainsAny(string(data), "eE0123456789") { // numbers may be written in other ways
			require.Equal(t, want, have)
		}
	})
}

// What the fast reader of blocks accepts means the same to the library, down to the lines.
func FuzzBlocks(f *testing.F) {
	for _, seed := range []string{
		podDocument(1), "a:\n- b\n- c: d\n  e:\n  - f\n  -\n  - - g\n", "a: |\n  x\n\n   y\n\nb: |-\n  z\n", "a: 'x'\nb: \"y\"\nc: {}\nd: []\n",
		"a:\nb: ~\nc: -1\nd: 1e3\ne: a:b\n", "# c\n\na: b\n  # d\nb: c\n", "a:\n  - |\n   x\n", "a: b\n  c\n", "a:\n b:\n  c: d\n e: f\n",
	} {
		f.Add([]byte(seed))
	}
	for _, pattern := range []string{"testdata/*/*.yaml", "../../examples/*/testdata/*.yaml"} {
		files, err := filepath.Glob(pattern)
		require.NoError(f, err)
		for _, file := range files {
			data, err := os.ReadFile(file)
			require.NoError(f, err)
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, c := range split(data) {
			fast, n, ok := parseBlocks(c.data, c.line)
			if !ok {
				continue
			}
			slow, m, err := parseYAML(c.data, c.line)
			require.NoError(t, err, "%s", c.data)
			require.Equal(t, outline(&slow), outline(&fast), "%s", c.data)
			require.Equal(t, m, n)
		}
	})
}

// outline is the value with the lines of its parts, those of nulls excepted.
func outline(v *value) string {
	var b strings.Builder
	var write func(v *value)
	write = func(v *value) {
		if v.shape == null {
			b.WriteString("null;")
			return
		}
		fmt.Fprintf(&b, "%d@%d %q{", v.shape, v.line, v.scalar)
		for i := range v.items {
			if v.shape == object {
				fmt.Fprintf(&b, "%q@%d:", v.keys[i].name, v.keys[i].line)
			}
			write(&v.items[i])
		}
		b.WriteString("}")
	}
	write(v)
	return b.String()
}
