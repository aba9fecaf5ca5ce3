package main

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"

	"github.com/kerf-autoscaler/kerf/apis/v1alpha1"
	"github.com/kerf-autoscaler/kerf/fake/scenario"
	kerf "github.com/kerf-autoscaler/kerf/scheduling"
)

// outcome is what became of one scenario.
type outcome struct {
	name    string
	skipped string // why it was not compared; empty when it was
	*comparison
}

// scenarios compares all files and prints those where Kerf is behind, and a summary.
func (s settings) scenarios(ctx context.Context, out io.Writer) error {
	files, err := scenarioFiles(s.args)
	if err != nil {
		return err
	}
	count := map[string]int{}
	for _, file := range files {
		o, err := s.scenario(ctx, file)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		s.report(out, o, count)
	}
	summarize(out, len(files), "scenarios", count)
	return nil
}

// report counts the outcome and prints it if Kerf is behind, or wrong, or if everything is wanted.
func (s settings) report(out io.Writer, o *outcome, count map[string]int) {
	if o.skipped != "" {
		count["skipped: "+o.skipped]++
		return
	}
	v := o.verdict()
	count[string(v)]++
	if v == dearer || v == fewer || len(o.kerf.violations) > 0 || s.all && v != equal {
		fmt.Fprintf(out, "%s: %v\n", o.name, o.comparison)
	}
	if s.all && (v == dearer || v == fewer) {
		fmt.Fprintf(out, "Kerf\n%vKarpenter\n%v", o.kerf.plan, o.peer.plan)
	}
	for _, violation := range o.kerf.violations {
		fmt.Fprintln(out, "  Kerf's plan is wrong:", violation)
	}
	if s.all {
		for _, violation := range o.peer.violations {
			fmt.Fprintln(out, "  Karpenter's plan is wrong:", violation)
		}
	}
}

func summarize(out io.Writer, n int, what string, count map[string]int) {
	fmt.Fprintf(out, "%d %s\n", n, what)
	for _, key := range slices.Sorted(maps.Keys(count)) {
		fmt.Fprintf(out, "%6d  %s\n", count[key], key)
	}
}

// scenarioFiles are the files named, and those in the folders named and all below them.
func scenarioFiles(paths []string) ([]string, error) {
	var out []string
	for _, path := range paths {
		err := filepath.WalkDir(path, func(file string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() && (filepath.Ext(file) == ".yaml" || file == path) {
				out = append(out, file)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// scenario compares one file.
func (s settings) scenario(ctx context.Context, file string) (*outcome, error) {
	world, err := scenario.Load([]string{file}, scenario.Options{})
	if err != nil {
		return &outcome{name: file, skipped: "is to be refused, or cannot be read"}, nil
	}
	return s.one(ctx, file, world)
}

// beyond says what a scenario asks for that Karpenter does not have; empty when there is nothing.
func beyond(world *scenario.Scenario) string {
	s, o := &world.Snapshot, &world.Options
	switch {
	case world.ExpectError != "":
		return "is to be refused, or cannot be read"
	case world.Decide != v1alpha1.DecideProvision:
		return "asks what to take away"
	case len(s.Groups) > 0:
		return "groups"
	case o.MaxLaunches > 0 || o.MaxPrice > 0 || o.Effort > 0 || o.Round > 0:
		return "bounds on the plan"
	case o.Reserved == kerf.ReservedStrict:
		return "reserved capacity"
	case len(s.Profile.DefaultConstraints) > 0:
		return "the cluster's default spread"
	}
	for _, pod := range s.Pods {
		if pod.Status.NominatedNodeName != "" {
			return "pods that the scheduler has nominated to nodes"
		}
	}
	for _, list := range s.InstanceTypes {
		for _, t := range list {
			for i := range t.Offerings {
				switch of := &t.Offerings[i]; {
				case of.CapacityType == "reserved":
					return "reserved capacity"
				case of.Stock != nil:
					return "finite stock"
				}
			}
		}
	}
	return ""
}
