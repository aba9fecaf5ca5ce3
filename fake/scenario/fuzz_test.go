package scenario

import (
	"bytes"
	"encoding/json"
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
		"&a {<<: *a}", "- - - -", "{\"apiVersion\": \"v1\"}{", "--- |\n a", "!!binary x", "? [a]\n: b", "a: !x b", "%YAML 1.1\n---\na"} {
		f.Add([]byte(seed))
	}
	files, err := filepath.Glob("testdata/*/*")
	require.NoError(f, err)
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
		_, _ = scheduling.Compile(s.Snapshot) // may refuse
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
