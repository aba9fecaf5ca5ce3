package disruption_test

import (
	"testing"

	"github.com/kerf-autoscaler/kerf/fake/scenario"
)

// Every file under testdata is a scenario: its comment is the specification, its documents the input, and its expect
// block the decision. Their names read like a list of features. -update rewrites the expect blocks and nothing else.
func TestScenarios(t *testing.T) { scenario.Test(t, "testdata") }
