package scenario

import (
	"fmt"
	"io"

	"github.com/kerf-autoscaler/kerf/disruption"
)

// ReportBudgets writes for people what each NodePool's budgets allow on so many days in UTC, today being the first, and what
// in them is hardly meant so. Percentages are taken of the nodes that the pool has now. It is about decisions only: nothing is
// written of a plan. Budgets that cannot be read are told and are no error.
func (r *Result) ReportBudgets(out io.Writer, days int) error {
	if r.Decision == nil {
		return nil
	}
	nodes := map[string]int{}
	for _, a := range r.Decision.Budgets {
		nodes[a.NodePool] = a.Nodes
	}
	for _, pool := range r.scenario.Snapshot.NodePools {
		calendar, err := disruption.BudgetCalendar(pool, nodes[pool.Name], r.scenario.Snapshot.Now, days)
		text := ""
		if err != nil {
			text = err.Error() + "\n"
		} else {
			text = calendar.String()
		}
		for _, f := range disruption.Lint(pool) {
			text += f.String() + "\n"
		}
		if _, err := fmt.Fprintf(out, "\n%s", text); err != nil {
			return err
		}
	}
	return nil
}
