package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"runtime"
	"time"

	"github.com/go-logr/logr"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"
)

// settings are what the flags say.
type settings struct {
	data        string
	only        *regexp.Regexp
	runs        int
	peerTimeout time.Duration
	peerWorkers int
	check       int
	all         bool
	worlds      int
	seed        uint64
	features    string
	args        []string
}

func main() {
	ctrllog.SetLogger(logr.Discard())
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	s, err := parse(os.Args[1:], os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return
	case err != nil:
		fmt.Fprintln(os.Stderr, "peerbench:", err)
		os.Exit(2)
	}
	switch {
	case s.data != "":
		err = s.workloads(ctx, os.Stdout, os.Stderr)
	case s.worlds > 0:
		err = s.randomWorlds(ctx, os.Stdout)
	default:
		err = s.scenarios(ctx, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "peerbench:", err)
		os.Exit(1)
	}
}

func parse(args []string, stderr io.Writer) (settings, error) {
	s := settings{only: regexp.MustCompile("")}
	flags := flag.NewFlagSet("peerbench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&s.data, "data", "", "`folder` with catalogs and workloads: print the table")
	flags.Func("only", "with -data: only rows whose name matches the `expression`, such as govuk|jenkins", func(text string) (err error) {
		s.only, err = regexp.Compile(text)
		return err
	})
	flags.IntVar(&s.runs, "n", 3, "how many runs of each; the best counts")
	flags.DurationVar(&s.peerTimeout, "peer-timeout", time.Minute, "how long one run of Karpenter may take")
	flags.IntVar(&s.peerWorkers, "peer-workers", runtime.GOMAXPROCS(0), "how many workers Karpenter's scheduler has")
	flags.IntVar(&s.check, "check", 3000, "plans for more pods than this are not judged by the oracle, which is slow")
	flags.BoolVar(&s.all, "v", false, "with scenarios: print all in which the verdicts differ, what is wrong with Karpenter's plan, and both plans where Kerf is behind")
	flags.IntVar(&s.worlds, "worlds", 0, "how many random worlds to compare, instead of files")
	flags.Uint64Var(&s.seed, "seed", 0, "with -worlds: the seed of the first")
	flags.StringVar(&s.features, "features", "full,-Scarcity,-SharedStock,-Groups,-DefaultSpread", "with -worlds: what they may contain, as package gen says")
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	s.args = flags.Args()
	switch {
	case s.runs < 1:
		return s, fmt.Errorf("-n must be at least 1, is %d", s.runs)
	case s.data == "" && s.worlds == 0 && len(s.args) == 0:
		return s, errors.New("nothing to do: give -data FOLDER, -worlds N, or scenario files (or -help)")
	case s.data != "" && s.worlds > 0, (s.data != "" || s.worlds > 0) && len(s.args) > 0:
		return s, errors.New("-data, -worlds and scenario files exclude each other")
	}
	return s, nil
}
