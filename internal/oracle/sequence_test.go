package oracle

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
)

func TestSequence(t *testing.T) {
	web := app("web")
	runTowns(t, []town{
		{"two pods that each require the other", func() fixture {
			f := newTown("a")
			f.waits("n-1", "db-0", near(term(zone, "web-0")))
			f.waits("n-1", "web-0", near(term(zone, "db-0")))
			return f
		}, []Rule{Sequence}},
		{"a series split over two zones", func() fixture {
			f := newTown("a", "b")
			for _, name := range []string{"web-0", "web-1"} {
				f.waits("n-1", name, web, near(term(zone, "web")))
				f.waits("n-2", name+"x", web, near(term(zone, "web")))
			}
			return f
		}, []Rule{Sequence}},
		{"a chain, last things first", func() fixture {
			f := newTown("a")
			f.waits("n-1", "a", near(term(zone, "b")))
			f.waits("n-1", "b", near(term(zone, "c")))
			f.waits("n-1", "c")
			return f
		}, nil},
		{"a series must begin before another of its kind comes elsewhere", func() fixture {
			f := newTown("a", "b")
			f.waits("n-2", "a", web)
			f.waits("n-1", "b", web, near(term(zone, "web")))
			f.waits("n-1", "c", web, near(term(zone, "web")))
			return f
		}, nil},
		{"many that are spread", func() fixture {
			f := newTown("a", "b", "c")
			for i, name := range []string{"a", "b", "c", "d", "e", "f", "g"} {
				f.waits([]string{"n-1", "n-1", "n-1", "n-2", "n-2", "n-3", "n-3"}[i], name, web, spreadOver(zone))
			}
			return f
		}, nil},
		{"a pod that is spread and waits for one that is not", func() fixture {
			f := newTown("a", "b")
			f.waits("n-1", "a", web, func(pod *corev1.Pod) {
				near(term(zone, "db"))(pod)
				spreadOver(zone)(pod)
			})
			f.waits("n-1", "b", app("db"))
			return f
		}, nil},
		{"an order that only shuffling finds, and a pod that is tipped", func() fixture {
			f := newTown("a", "b")
			f.runs("n-1", "web-0", web)
			f.waits("n-1", "a", web, spreadOver(zone))
			f.waits("n-2", "b", web)
			f.waits("n-1", "c", web)
			return f
		}, []Rule{Spread}},
	})
}

func TestSpreadPodMayHaveToWaitForAnother(t *testing.T) {
	web := app("web")
	f := newTown("a", "b")
	f.runs("n-1", "web-0", web)
	f.waits("n-1", "a", web, spreadOver(zone))
	f.waits("n-2", "b", web, spreadOver(zone))
	for i := range 15 {
		f.waits("n-1", fmt.Sprintf("c-%d", i), web)
	}
	violations := Check(*f.s, f.p)
	requireRules(t, violations, Spread)
	require.True(t, violations[0].OrderDependent, "first b, then a, then the others")
}
