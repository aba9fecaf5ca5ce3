package oracle

import (
	"testing"

	corev1 "k8s.io/api/core/v1"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// Pods that are left out because of pods elsewhere.
func TestUnplacedBecauseOfOthers(t *testing.T) {
	web := app("web")
	says := func(f fixture, r scheduling.Rejection) fixture {
		f.p.Unplaced[0].Rejections = []scheduling.Rejection{r}
		return f
	}
	rack := v1.NodeRequirement{Key: "rack", Operator: "In", Values: []string{"1", "2"}}
	for _, row := range []town{
		{"no companion anywhere", func() fixture {
			f := newTown("a")
			f.sells("a", "b")
			f.waits("", "web-0", near(term(zone, "db")))
			return says(f, scheduling.Rejection{Code: scheduling.PodAffinity, Key: zone, Count: 1})
		}, nil},
		{"a reason that is not true", func() fixture {
			f := newTown("a")
			f.waits("", "web-0", near(term(zone, "db")))
			return says(f, scheduling.Rejection{Code: scheduling.TopologySpread, Key: zone, Count: 1})
		}, []Rule{Reason}},
		{"a companion in a zone where more can be bought", func() fixture {
			f := newTown("b")
			f.runs("n-1", "db-0", app("db"))
			f.sells("a", "b")
			f.waits("", "web-0", near(term(zone, "db")), func(pod *corev1.Pod) { pod.Spec.Containers[0].Resources.Requests = amounts("cpu", "3") })
			f.node("n-1").Node.Spec.Unschedulable = true
			return f
		}, []Rule{CouldLaunch}},
		{"a companion in a zone where nothing can be bought", func() fixture {
			f := newTown("b")
			f.runs("n-1", "db-0", app("db"))
			f.sells("a")
			f.waits("", "web-0", near(term(zone, "db")))
			f.node("n-1").Node.Spec.Unschedulable = true
			return says(f, scheduling.Rejection{Code: scheduling.PodAffinity, Pool: "general", Key: zone, Count: 1})
		}, nil},
		{"a companion of a host only", func() fixture {
			f := newTown("b")
			f.runs("n-1", "db-0", app("db"))
			f.sells("b")
			f.waits("", "web-0", near(term(corev1.LabelHostname, "db")))
			f.node("n-1").Node.Spec.Unschedulable = true
			return f
		}, nil},
		{"the emptier zone has room", func() fixture {
			f := newTown("a", "b")
			f.runs("n-1", "web-0", web)
			f.waits("", "web-1", web, spreadOver(zone))
			return f
		}, []Rule{RoomLeft}},
		{"the emptier zone is full, and nothing is sold there", func() fixture {
			f := newTown("a", "b")
			f.runs("n-1", "web-0", web)
			f.node("n-2").Node.Status.Allocatable = amounts("pods", "0")
			f.sells("a")
			f.waits("", "web-1", web, spreadOver(zone))
			return says(f, scheduling.Rejection{Code: scheduling.TopologySpread, Pool: "general", Key: zone, Count: 1})
		}, nil},
		{"the emptier zone is full, and more is sold there", func() fixture {
			f := newTown("a", "b")
			f.runs("n-1", "web-0", web)
			f.node("n-2").Node.Status.Allocatable = amounts("pods", "0")
			f.sells("b")
			f.waits("", "web-1", web, spreadOver(zone))
			return f
		}, []Rule{CouldLaunch}},
		{"a further node is a further zone, which helps only there", func() fixture {
			f := newTown("a")
			f.runs("n-1", "web-0", web)
			f.node("n-1").Node.Spec.Unschedulable = true
			f.sells("b")
			f.waits("", "web-1", web, spreadOver(zone))
			return f
		}, []Rule{CouldLaunch}},
		{"too few zones", func() fixture {
			f := newTown("a")
			f.runs("n-1", "web-0", web)
			f.sells("a", "b")
			f.pool().Spec.Limits = v1.Limits(amounts("nodes", "0"))
			f.waits("", "web-1", web, spreadOver(zone, func(c *constraint) { c.MinDomains = new(int32(2)) }))
			return f
		}, nil},
		{"every zone holds one that keeps others out", func() fixture {
			f := newTown("a", "b")
			f.runs("n-1", "web-0", web)
			f.runs("n-2", "web-1", web)
			f.sells("a", "b")
			f.waits("", "web-2", web, apart(term(zone, "web")))
			return says(f, scheduling.Rejection{Code: scheduling.PodAntiAffinity, Key: zone, Count: 2})
		}, nil},
		{"a bound pod keeps it out everywhere", func() fixture {
			f := newTown("a", "a")
			f.runs("n-1", "db-0", apart(term(zone, "web")))
			f.sells("a")
			f.waits("", "web-2", web)
			return f
		}, nil},
		{"a third zone is free", func() fixture {
			f := newTown("a", "b")
			f.runs("n-1", "web-0", web)
			f.runs("n-2", "web-1", web)
			f.sells("a", "b", "c")
			f.waits("", "web-2", web, apart(term(zone, "web")))
			return f
		}, []Rule{CouldLaunch}},
		{"a rack that nobody has yet", func() fixture {
			f := newTown("a")
			f.s.Nodes[0].Node.Labels["rack"] = "1"
			f.runs("n-1", "web-0", web)
			f.sells("a").Spec.Template.Spec.Requirements = []v1.NodeRequirement{rack}
			f.waits("", "web-1", web, apart(term("rack", "web")))
			return f
		}, []Rule{CouldLaunch}},
		{"the rack of a companion", func() fixture {
			f := newTown("a")
			f.s.Nodes[0].Node.Labels["rack"] = "2"
			f.runs("n-1", "db-0", app("db"))
			f.node("n-1").Node.Spec.Unschedulable = true
			f.sells("a").Spec.Template.Spec.Requirements = []v1.NodeRequirement{rack}
			f.waits("", "web-1", web, near(term("rack", "db")))
			return f
		}, []Rule{CouldLaunch}},
		{"all racks are taken", func() fixture {
			f := newTown("a", "a")
			f.s.Nodes[0].Node.Labels["rack"], f.s.Nodes[1].Node.Labels["rack"] = "1", "2"
			f.runs("n-1", "web-0", web)
			f.runs("n-2", "web-1", web)
			f.sells("a").Spec.Template.Spec.Requirements = []v1.NodeRequirement{rack}
			f.waits("", "web-2", web, apart(term("rack", "web")))
			return f
		}, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			f := row.build()
			requireRules(t, Unplaced(*f.s, f.p), row.rules...)
		})
	}
}
