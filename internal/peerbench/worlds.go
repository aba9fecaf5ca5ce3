package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	corev1 "k8s.io/api/core/v1"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/apis/v1alpha1"
	"github.com/kerf-autoscaler/kerf/fake/scenario"
	"github.com/kerf-autoscaler/kerf/internal/gen"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// randomWorlds compares random worlds, as scenarios does files, without preferences: who honours more of them may pay more.
func (s settings) randomWorlds(ctx context.Context, out io.Writer) error {
	f, err := gen.ParseFeatures(s.features)
	if err != nil {
		return err
	}
	count := map[string]int{}
	for seed := s.seed; seed < s.seed+uint64(s.worlds); seed++ {
		o, err := s.one(ctx, fmt.Sprintf("seed %d", seed), randomWorld(seed, f))
		if err != nil {
			return fmt.Errorf("seed %d: %w", seed, err)
		}
		s.report(out, o, count)
	}
	summarize(out, s.worlds, "worlds", count)
	return nil
}

// randomWorld is a world of package gen without soft taints, which Karpenter honours even where it ignores preferences.
func randomWorld(seed uint64, f gen.Features) *scenario.Scenario {
	w := &scenario.Scenario{Snapshot: gen.World(seed, f), Decide: v1alpha1.DecideProvision}
	for _, pool := range w.Snapshot.NodePools {
		template := &pool.Spec.Template.Spec
		template.Taints = slices.DeleteFunc(template.Taints, func(t v1.Taint) bool { return t.Effect == corev1.TaintEffectPreferNoSchedule })
		if template.NodeClassRef == nil {
			template.NodeClassRef = &v1.NodeClassReference{Group: "example.com", Kind: "ExampleClass", Name: "default"}
		}
	}
	w.Options.Preferences = scheduling.PreferencesIgnore
	return w
}

// one compares one scenario, or says why it cannot be.
func (s settings) one(ctx context.Context, name string, world *scenario.Scenario) (*outcome, error) {
	if reason := beyond(world); reason != "" {
		return &outcome{name: name, skipped: reason}, nil
	}
	c, err := s.compare(ctx, world)
	if reason, ok := errors.AsType[beyondError](err); ok {
		return &outcome{name: name, skipped: string(reason)}, nil
	}
	if err != nil {
		return nil, err
	}
	if c.pods == 0 {
		return &outcome{name: name, skipped: "no pods to plan for"}, nil
	}
	return &outcome{name: name, comparison: c}, nil
}

// beyondError is the reason why Karpenter cannot be asked.
type beyondError string

func (e beyondError) Error() string { return string(e) }
