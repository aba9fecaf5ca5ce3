// Command simulate plans for the pods in files and prints what to launch for them, or with --disrupt which nodes to give
// back. Nothing happens to any cluster: it answers "what would the autoscaler do, and why".
//
//	simulate -f FILE|DIR|- [-f ...] [-o text|json|yaml|scenario] [--explain namespace/pod] [--ignore-unknown]
//	simulate -f FILE|DIR|- [-f ...] --disrupt [--budgets] [--exit-code] [...]
//	simulate --days N [--trace FILE.csv] [--nodes N] [--policies never,karpenter,kerf] [...]
//	simulate -workload FILE.csv [-catalog F|S|G|FILE.csv] [-types N] [-pods N] [-without zone-spread,...] [-o ...|scenario]
//
// The exit status is 0 when every pod has a place, 3 when some have none, and 2 when the input is wrong. With --disrupt the
// pods are those of the nodes that go, and with --exit-code the status is 1 when some nodes should go. With --days it is 0
// when the days have passed.
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

	"github.com/kerf-autoscaler/kerf/apis/v1alpha1"
	"github.com/kerf-autoscaler/kerf/fake/scenario"
)

// Exit statuses.
const (
	allPlaced    = 0
	nodesGo      = 1 // with --exit-code
	badInput     = 2
	someUnplaced = 3
)

// daysAhead is how far the calendar of budgets goes.
const daysAhead = 7

func main() {
	os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
}

// settings are what the flags say.
type settings struct {
	files, explain []string
	output         string
	ignoreUnknown  bool
	disrupt        bool
	exitCode       bool
	budgets        bool
	workload       string
	options        scenario.WorkloadOptions
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if wantsDays(args) {
		return runDays(ctx, args, stdout, stderr)
	}
	s, err := parse(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return allPlaced
	case err != nil:
		fmt.Fprintln(stderr, "simulate:", err)
		return badInput
	}
	status, err := s.simulate(ctx, stdout, stderr)
	if err != nil {
		fmt.Fprintln(stderr, "simulate:", err)
		return badInput
	}
	return status
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
	flags.StringVar(&s.output, "o", "text", "what to print: text, json, yaml, or scenario: the facts themselves, as one file")
	flags.Func("explain", "also say why this pod, as `namespace/name`, is where it is; may be repeated", add(&s.explain))
	flags.BoolVar(&s.ignoreUnknown, "ignore-unknown", false, "skip documents of unknown kinds")
	flags.BoolVar(&s.disrupt, "disrupt", false, "say which nodes to remove or replace, instead of what to launch for pods that wait")
	flags.BoolVar(&s.budgets, "budgets", false, "with --disrupt: also print what the NodePools' budgets allow in the next 7 days")
	flags.BoolVar(&s.exitCode, "exit-code", false, "with --disrupt: exit with status 1 when some nodes should go")
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
	case s.disrupt && s.workload != "":
		return s, errors.New("--disrupt and -workload exclude each other: a workload has no nodes")
	case s.budgets && (!s.disrupt || s.output != "text"):
		return s, errors.New("--budgets needs --disrupt and goes with -o text")
	case s.exitCode && !s.disrupt:
		return s, errors.New("--exit-code needs --disrupt")
	case !slices.Contains([]string{"text", "json", "yaml", "scenario"}, s.output):
		return s, fmt.Errorf("-o must be text, json, yaml or scenario, is %q", s.output)
	}
	return s, nil
}

// simulate prints the answer and returns the exit status.
func (s settings) simulate(ctx context.Context, stdout, stderr io.Writer) (int, error) {
	world, err := s.load(stdout)
	if world == nil || err != nil {
		return allPlaced, err
	}
	if world.NowFrom != "" {
		fmt.Fprintf(stderr, "simulate: the time is taken to be %s, the newest timestamp: %s\n", world.Snapshot.Now.UTC().Format(time.RFC3339), world.NowFrom)
	}
	for _, pod := range s.explain {
		world.Explain = append(world.Explain, scenario.PodName(pod))
	}
	if s.output == "scenario" {
		return allPlaced, record(world, stdout)
	}
	result, err := world.Solve(ctx)
	if err != nil {
		return badInput, err
	}
	return s.status(result), s.print(result, stdout)
}

// load reads the facts. There are none when they have been printed instead.
func (s settings) load(stdout io.Writer) (*scenario.Scenario, error) {
	if s.workload == "" {
		options := scenario.Options{IgnoreUnknown: s.ignoreUnknown}
		if s.disrupt {
			options.Decide = v1alpha1.DecideDisrupt
		}
		return scenario.Load(s.files, options)
	}
	workload, err := scenario.LoadWorkload(s.workload, s.options)
	if err != nil {
		return nil, err
	}
	if s.output == "scenario" {
		return nil, workload.WriteYAML(stdout)
	}
	return workload.Scenario()
}

// record prints the facts.
func record(world *scenario.Scenario, stdout io.Writer) error {
	text, err := world.YAML()
	if err != nil {
		return err
	}
	_, err = stdout.Write(text)
	return err
}

func (s settings) status(result *scenario.Result) int {
	if result.Plan != nil {
		if len(result.Plan.Unplaced) > 0 {
			return someUnplaced
		}
		return allPlaced
	}
	status := allPlaced
	for i := range result.Decision.Commands {
		if len(result.Decision.Commands[i].Stranded) > 0 {
			return someUnplaced
		}
		if s.exitCode {
			status = nodesGo
		}
	}
	return status
}

func (s settings) print(result *scenario.Result, stdout io.Writer) error {
	var data []byte
	var err error
	switch s.output {
	case "json":
		data, err = result.JSON()
	case "yaml":
		data, err = result.YAML()
	default:
		if err := result.Report(stdout); err != nil || !s.budgets {
			return err
		}
		return result.ReportBudgets(stdout, daysAhead)
	}
	if err != nil {
		return err
	}
	_, err = stdout.Write(data)
	return err
}
