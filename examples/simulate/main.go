// Command simulate plans for the pods in files and prints what to launch for them. Nothing happens to any cluster: it
// answers "what would the autoscaler do, and why".
//
//	simulate -f FILE|DIR|- [-f ...] [-o text|json|yaml] [--explain namespace/pod] [--ignore-unknown]
//	simulate -workload FILE.csv [-catalog F|S|G|FILE.csv] [-types N] [-pods N] [-without zone-spread,...] [-o ...|scenario]
//
// The exit status is 0 when every pod has a place, 3 when some have none, and 2 when the input is wrong.
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

	"github.com/kerf-autoscaler/kerf/fake/scenario"
)

// Exit statuses.
const (
	allPlaced    = 0
	badInput     = 2
	someUnplaced = 3
)

func main() {
	os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
}

// settings are what the flags say.
type settings struct {
	files, explain []string
	output         string
	ignoreUnknown  bool
	workload       string
	options        scenario.WorkloadOptions
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	s, err := parse(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return allPlaced
	case err != nil:
		fmt.Fprintln(stderr, "simulate:", err)
		return badInput
	}
	unplaced, err := s.simulate(ctx, stdout)
	switch {
	case err != nil:
		fmt.Fprintln(stderr, "simulate:", err)
		return badInput
	case unplaced > 0:
		return someUnplaced
	}
	return allPlaced
}

func parse(args []string, stderr io.Writer) (settings, error) {
	s := settings{}
	add := func(list *[]string) func(string) error {
		return func(value string) error {
			*list = append(*list, value)
			return nil
		}
	}
	flags := flag.NewFlagSet("simulate", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Func("f", "scenario `file`, folder of files, or - for standard input; may be repeated", add(&s.files))
	flags.StringVar(&s.output, "o", "text", "what to print: text, json, yaml, or with -workload scenario")
	flags.Func("explain", "also say why this pod, as `namespace/name`, is where it is; may be repeated", add(&s.explain))
	flags.BoolVar(&s.ignoreUnknown, "ignore-unknown", false, "skip documents of unknown kinds")
	flags.StringVar(&s.workload, "workload", "", "CSV `file` of pods, instead of -f")
	flags.StringVar(&s.options.Catalog, "catalog", "F", "with -workload: F, S, G, or a CSV `file` of instance types")
	flags.IntVar(&s.options.Types, "types", 0, "with -workload: how many instance types of the catalogue to keep; 0 is all")
	flags.IntVar(&s.options.Pods, "pods", 0, "with -workload: how many pods to keep; 0 is all")
	flags.Func("without", "with -workload: `parts` to ignore, with commas: zone-spread, per-node, volumes, host-spread, zone-affinity, gpus, gpu-kinds",
		func(value string) error {
			s.options.Without = append(s.options.Without, strings.Split(value, ",")...)
			return nil
		})
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	switch {
	case flags.NArg() > 0:
		return s, fmt.Errorf("unexpected argument %q: files are given with -f", flags.Arg(0))
	case len(s.files) == 0 && s.workload == "":
		return s, errors.New("nothing to read: give -f FILE, -f FOLDER or -f - (or -help)")
	case len(s.files) > 0 && s.workload != "":
		return s, errors.New("-f and -workload exclude each other")
	case !slices.Contains([]string{"text", "json", "yaml", "scenario"}, s.output):
		return s, fmt.Errorf("-o must be text, json, yaml or scenario, is %q", s.output)
	case s.output == "scenario" && s.workload == "":
		return s, errors.New("-o scenario needs -workload")
	}
	return s, nil
}

// simulate prints the answer and returns how many pods have no place.
func (s settings) simulate(ctx context.Context, stdout io.Writer) (int, error) {
	var world *scenario.Scenario
	var err error
	if s.workload == "" {
		world, err = scenario.Load(s.files, scenario.Options{IgnoreUnknown: s.ignoreUnknown})
	} else {
		var workload *scenario.Workload
		if workload, err = scenario.LoadWorkload(s.workload, s.options); err != nil {
			return 0, err
		}
		if s.output == "scenario" {
			return 0, workload.WriteYAML(stdout)
		}
		world, err = workload.Scenario()
	}
	if err != nil {
		return 0, err
	}
	for _, pod := range s.explain {
		world.Explain = append(world.Explain, scenario.PodName(pod))
	}
	result, err := world.Solve(ctx)
	if err != nil {
		return 0, err
	}
	if err := s.print(result, stdout); err != nil {
		return 0, err
	}
	return len(result.Plan.Unplaced), nil
}

func (s settings) print(result *scenario.Result, stdout io.Writer) error {
	if s.output == "text" {
		return result.Report(stdout)
	}
	document := result.Document()
	encode := document.JSON
	if s.output == "yaml" {
		encode = document.YAML
	}
	data, err := encode()
	if err != nil {
		return err
	}
	_, err = stdout.Write(data)
	return err
}
