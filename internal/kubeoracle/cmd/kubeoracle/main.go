// Kubeoracle plans for a scenario and lets the real kube-scheduler judge the plan.
//
//	go run ./cmd/kubeoracle -f scenario.yaml [-f more.yaml]
//
// It prints the plan and what the scheduler objects to. It exits with 1 if it objects, and with 2 if the scenario cannot
// be read or planned for.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"

	"github.com/kerf-autoscaler/kerf/fake/scenario"
	"github.com/kerf-autoscaler/kerf/internal/kubeoracle"
)

func main() {
	var files []string
	flag.Func("f", "scenario file or folder; - is standard input; may be repeated", func(path string) error {
		files = append(files, path)
		return nil
	})
	flag.Parse()
	if len(files) == 0 || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	n, err := judge(context.Background(), files)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	if n > 0 {
		os.Exit(1)
	}
}

// judge prints plan and findings, and returns how many findings there are.
func judge(ctx context.Context, files []string) (int, error) {
	s, err := scenario.Load(files, scenario.Options{})
	if err != nil {
		return 0, err
	}
	result, err := s.Solve(ctx)
	if err != nil {
		return 0, err
	}
	fmt.Print(result)
	findings, err := kubeoracle.Judge(ctx, s.Snapshot, result.Plan, s.Options)
	if err != nil {
		return 0, err
	}
	for _, f := range findings {
		fmt.Println(f)
	}
	if len(findings) == 0 {
		fmt.Println("kube-scheduler agrees")
	}
	return len(findings), nil
}
