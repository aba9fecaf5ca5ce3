package kubeoracle

import (
	"fmt"
	"strings"

	"github.com/kerf-autoscaler/kerf/fake/scenario"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// Export writes a snapshot as a scenario file, headed by the comment. The text comes with an error that says what the
// format has no words for; see [scenario.Scenario.YAML].
func Export(s scheduling.Snapshot, options scheduling.Options, comment string) (string, error) {
	var b strings.Builder
	for line := range strings.Lines(strings.TrimSpace(comment) + "\n") {
		fmt.Fprintf(&b, "# %s", line)
	}
	text, err := (&scenario.Scenario{Snapshot: s, Options: options}).YAML()
	b.Write(text)
	return b.String(), err
}
