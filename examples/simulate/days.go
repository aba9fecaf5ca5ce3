package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/fake/kube"
)

// wantsDays reports whether the arguments ask for a simulation of days.
func wantsDays(args []string) bool {
	return slices.ContainsFunc(args, func(arg string) bool {
		name, _, _ := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		return strings.HasPrefix(arg, "-") && (name == "days" || name == "trace")
	})
}

// runDays lets days pass in a cluster, once for each policy, and prints what that came to.
func runDays(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	reports, err := days(ctx, args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return allPlaced
	case err != nil:
		fmt.Fprintln(stderr, "simulate:", err)
		return badInput
	}
	if _, err := io.WriteString(stdout, kube.Table(reports...)); err != nil {
		return badInput
	}
	return allPlaced
}

func days(ctx context.Context, args []string, stderr io.Writer) ([]*kube.Report, error) {
	flags := flag.NewFlagSet("simulate --days", flag.ContinueOnError)
	flags.SetOutput(stderr)
	length := flags.Float64("days", 0, "how many days pass; with --trace 0 means until its last line")
	file := flags.String("trace", "", "CSV `file` of what the workloads do; without it their load comes and goes every day")
	nodes := flags.Int("nodes", 100, "without --trace: about how many nodes there are at the peak")
	seed := flags.Uint64("seed", 1, "decides what is left to chance")
	names := flags.String("policies", "never,karpenter,kerf", "what to compare, with commas: never, karpenter, karpenter-spot, kerf")
	after := flags.Duration("consolidate-after", 0, "consolidateAfter of the NodePool")
	every := flags.Duration("every", 0, "how often policies are asked while things change; 0 is every 5 minutes")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if flags.NArg() > 0 {
		return nil, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if *length < 0 || *length > 366 || *nodes < 1 || *after < 0 || *every < 0 {
		return nil, errors.New("--days is from 0 to 366, --nodes at least 1, and durations are not negative")
	}
	span := time.Duration(*length * 24 * float64(time.Hour))
	simulation := kube.DailyWave(*nodes, span, *seed)
	if *file != "" {
		trace, err := readTrace(*file)
		if err != nil {
			return nil, err
		}
		simulation.Trace = trace
		if span == 0 {
			simulation.Span = trace.Length()
		}
	}
	if simulation.Span <= 0 {
		return nil, errors.New("--days says how long, as in --days 7")
	}
	if *every > 0 {
		simulation.Autoscaler.Every = *every
	}
	for _, pool := range simulation.NodePools {
		pool.Spec.Disruption.ConsolidateAfter = v1.After(*after)
	}
	policies, err := policiesOf(*names)
	if err != nil {
		return nil, err
	}
	return simulation.Compare(ctx, policies...)
}

func readTrace(name string) (*kube.Trace, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	trace, err := kube.ReadTrace(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return trace, nil
}

func policiesOf(names string) ([]kube.Policy, error) {
	var out []kube.Policy
	for name := range strings.SplitSeq(names, ",") {
		switch name {
		case "never":
			out = append(out, kube.Never{})
		case "karpenter":
			out = append(out, &kube.Karpenter{})
		case "karpenter-spot":
			out = append(out, &kube.Karpenter{SpotToSpot: true})
		case "kerf":
			out = append(out, kube.Kerf{})
		default:
			return nil, fmt.Errorf("--policies: %q is none of never, karpenter, karpenter-spot and kerf", name)
		}
	}
	return out, nil
}
