package oracle

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestPodAffinity(t *testing.T) {
	type change = func(*corev1.PodAffinityTerm)
	wrong := []Rule{PodAffinity}
	// friend is a pod that wants a db of its zone, with a db in zone a and the plan sending the pod to the node.
	friend := func(node string, options ...change) func() fixture {
		return func() fixture {
			f := newTown("a", "a", "b", "")
			f.runs("n-1", "db-0", app("db"))
			f.waits(node, "web-0", near(term(zone, "db", options...)))
			return f
		}
	}
	foreign := func(options ...change) func() fixture {
		return func() fixture {
			f := friend("n-2", options...)()
			f.s.Nodes[0].Pods[0].Namespace = "other"
			f.s.Namespaces = []*corev1.Namespace{{ObjectMeta: metav1.ObjectMeta{Name: "other", Labels: map[string]string{"tenant": "x"}}}}
			return f
		}
	}
	runTowns(t, []town{
		{"in the zone", friend("n-2"), nil},
		{"in another zone", friend("n-3"), wrong},
		{"on a node without a zone", friend("n-4"), wrong},
		{"over hosts", friend("n-2", func(t *corev1.PodAffinityTerm) { t.TopologyKey = corev1.LabelHostname }), wrong},
		{"two nodes that share a hostname are one host", func() fixture {
			f := friend("n-3", func(t *corev1.PodAffinityTerm) { t.TopologyKey = corev1.LabelHostname })()
			f.s.Nodes[0].Node.Labels[corev1.LabelHostname], f.s.Nodes[2].Node.Labels[corev1.LabelHostname] = "twin", "twin"
			return f
		}, nil},
		{"without a selector", friend("n-2", func(t *corev1.PodAffinityTerm) { t.LabelSelector = nil }), wrong},
		{"a selector that selects everything", friend("n-2", func(t *corev1.PodAffinityTerm) { t.LabelSelector = &metav1.LabelSelector{} }), nil},
		{"a db of another namespace", foreign(), wrong},
		{"a namespace that is named", foreign(func(t *corev1.PodAffinityTerm) { t.Namespaces = []string{"other"} }), nil},
		{"all namespaces", foreign(func(t *corev1.PodAffinityTerm) { t.NamespaceSelector = &metav1.LabelSelector{} }), nil},
		{"a namespace that is selected", foreign(func(t *corev1.PodAffinityTerm) { t.NamespaceSelector = selecting("tenant", "x") }), nil},
		{"a namespace that is selected by its name", foreign(func(t *corev1.PodAffinityTerm) {
			t.NamespaceSelector = selecting(corev1.LabelMetadataName, "other")
		}), nil},
		{"a namespace that is not selected", foreign(func(t *corev1.PodAffinityTerm) { t.NamespaceSelector = selecting("tenant", "y") }), wrong},
		{"a namespace that is named besides others", foreign(func(t *corev1.PodAffinityTerm) {
			t.Namespaces, t.NamespaceSelector = []string{"other"}, selecting("tenant", "y")
		}), nil},
		{"the owner's namespace is not among those named", friend("n-2", func(t *corev1.PodAffinityTerm) { t.Namespaces = []string{"other"} }), wrong},
		{"a key that must match and does not", func() fixture {
			f := friend("n-2", func(t *corev1.PodAffinityTerm) { t.MatchLabelKeys = []string{"version"} })()
			f.pod("web-0").Labels["version"] = "1"
			return f
		}, wrong},
		{"a key that must match and that the pod lacks", friend("n-2", func(t *corev1.PodAffinityTerm) { t.MatchLabelKeys = []string{"version"} }), nil},
		{"a key that must differ and does", func() fixture {
			f := friend("n-2", func(t *corev1.PodAffinityTerm) { t.MismatchLabelKeys = []string{"version"} })()
			f.pod("web-0").Labels["version"] = "1"
			return f
		}, nil},
		{"a key that must differ and does not", func() fixture {
			f := friend("n-2", func(t *corev1.PodAffinityTerm) { t.MismatchLabelKeys = []string{"version"} })()
			f.pod("web-0").Labels["version"], f.s.Nodes[0].Pods[0].Labels["version"] = "1", "1"
			return f
		}, wrong},
		{"a friend that is being deleted counts", func() fixture {
			f := friend("n-2")()
			f.s.Nodes[0].Pods[0].DeletionTimestamp = &metav1.Time{}
			return f
		}, nil},
		{"a friend that has finished does not", func() fixture {
			f := friend("n-2")()
			f.s.Nodes[0].Pods[0].Status.Phase = corev1.PodFailed
			return f
		}, wrong},
		{"a DaemonSet's pod is a friend", func() fixture {
			f := newTown("a")
			f.s.DaemonPods = []*corev1.Pod{newPod("agent")}
			f.waits("n-1", "web-0", near(term(zone, "agent")))
			return f
		}, nil},
		{"a friend that is placed too", func() fixture {
			f := newTown("a", "b")
			f.waits("n-1", "web-0", near(term(zone, "db")))
			f.waits("n-1", "xdb-0", app("db"))
			return f
		}, nil},
	})
}

func TestSeveralTermsOfPodAffinity(t *testing.T) {
	wrong := []Rule{PodAffinity}
	fast := corev1.PodAffinityTerm{TopologyKey: corev1.LabelHostname, LabelSelector: selecting("disk", "fast")}
	runTowns(t, []town{
		{"each term has a friend, none has both", func() fixture {
			f := newTown("a")
			f.runs("n-1", "db-0", labelled("app", "db"))
			f.runs("n-1", "db-1", labelled("disk", "fast"))
			f.waits("n-1", "web-0", near(term(zone, "db"), fast))
			return f
		}, wrong},
		{"one friend for both", func() fixture {
			f := newTown("a")
			f.runs("n-1", "db-0", labelled("app", "db", "disk", "fast"))
			f.waits("n-1", "web-0", near(term(zone, "db"), fast))
			return f
		}, nil},
		{"one friend in the zone and one on the host", func() fixture {
			f := newTown("a", "a")
			f.runs("n-1", "db-0", labelled("app", "db", "disk", "fast"))
			f.waits("n-2", "web-0", near(term(zone, "db"), fast))
			return f
		}, wrong},
	})
}

func TestTheFirstOfASeriesNeedsNoCompanion(t *testing.T) {
	wrong := []Rule{PodAffinity}
	web := app("web")
	runTowns(t, []town{
		{"the first", func() fixture {
			f := newTown("a", "b")
			f.waits("n-2", "web-0", web, near(term(zone, "web")))
			return f
		}, nil},
		{"the first, where the label is missing", func() fixture {
			f := newTown("a", "")
			f.waits("n-2", "web-0", web, near(term(zone, "web")))
			return f
		}, wrong},
		{"a companion where the label is missing does not count", func() fixture {
			f := newTown("a", "")
			f.runs("n-2", "web-0", web)
			f.waits("n-1", "web-1", web, near(term(zone, "web")))
			return f
		}, nil},
		{"the second, elsewhere", func() fixture {
			f := newTown("a", "b")
			f.runs("n-1", "web-0", web)
			f.waits("n-2", "web-1", web, near(term(zone, "web")))
			return f
		}, wrong},
		{"its terms do not select itself in its namespace", func() fixture {
			f := newTown("a")
			f.waits("n-1", "web-0", web, near(term(zone, "web", func(t *corev1.PodAffinityTerm) { t.Namespaces = []string{"other"} })))
			return f
		}, wrong},
		{"its terms do not all select itself", func() fixture {
			f := newTown("a")
			f.waits("n-1", "web-0", web, near(term(zone, "web"), term(zone, "db")))
			return f
		}, wrong},
	})
}

func TestAntiAffinityReachesFar(t *testing.T) {
	runTowns(t, []town{
		{"the pod's own, over zones", func() fixture {
			f := newTown("a", "a")
			f.runs("n-1", "db-0", app("db"))
			f.waits("n-2", "web-0", apart(term(zone, "db")))
			return f
		}, []Rule{AntiAffinity}},
		{"in another zone", func() fixture {
			f := newTown("a", "b")
			f.runs("n-1", "db-0", app("db"))
			f.waits("n-2", "web-0", apart(term(zone, "db")))
			return f
		}, nil},
		{"on nodes without a zone", func() fixture {
			f := newTown("", "")
			f.runs("n-1", "db-0", app("db"))
			f.waits("n-1", "web-0", apart(term(zone, "db")))
			return f
		}, nil},
		{"that of a bound pod", func() fixture {
			f := newTown("a", "a")
			f.runs("n-1", "db-0", apart(term(zone, "web")))
			f.waits("n-2", "web-0", app("web"))
			return f
		}, []Rule{AntiAffinity}},
		{"that of a DaemonSet", func() fixture {
			f := newTown("a", "a")
			f.s.DaemonPods = []*corev1.Pod{newPod("agent")}
			f.s.DaemonPods[0].Spec.NodeSelector = map[string]string{corev1.LabelHostname: "n-1"}
			apart(term(zone, "web"))(f.s.DaemonPods[0])
			f.waits("n-2", "web-0", app("web"))
			return f
		}, []Rule{AntiAffinity}},
		{"that of a placed pod", func() fixture {
			f := newTown("a", "a")
			f.waits("n-1", "db-0", apart(term(zone, "web")))
			f.waits("n-2", "web-0", app("web"))
			return f
		}, []Rule{AntiAffinity}},
		{"one of two terms", func() fixture {
			f := newTown("a", "a")
			f.runs("n-1", "db-0", app("db"))
			f.waits("n-2", "web-0", apart(term(corev1.LabelHostname, "db"), term(zone, "db")))
			return f
		}, []Rule{AntiAffinity}},
		{"a term without a selector", func() fixture {
			f := newTown("a")
			f.runs("n-1", "db-0", app("db"))
			f.waits("n-1", "web-0", apart(term(zone, "db", func(t *corev1.PodAffinityTerm) { t.LabelSelector = nil })))
			return f
		}, nil},
		{"a DaemonSet that is kept off its node is not owed", func() fixture {
			f := newTown("a", "a")
			f.runs("n-1", "db-0", app("db"))
			f.s.DaemonPods = []*corev1.Pod{newPod("agent", "cpu", "7950m")}
			apart(term(zone, "db"))(f.s.DaemonPods[0])
			f.waits("n-2", "web-0")
			return f
		}, nil},
	})
}
