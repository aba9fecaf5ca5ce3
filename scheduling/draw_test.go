package scheduling

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/fake"
)

// sharingProblem has workloads that ask for the same but may not share a host in various ways: with themselves, with all of
// their tier, or more than a few at a time.
func sharingProblem(t *testing.T) *Problem {
	t.Helper()
	s := Snapshot{
		Namespaces: []*corev1.Namespace{}, DaemonPods: []*corev1.Pod{}, NodePools: []*v1.NodePool{fake.NodePool("general")},
		InstanceTypes: map[string][]*cloudprovider.InstanceType{"general": {fake.InstanceType("large", "16", "64Gi", fake.OnDemand("zone-a", 1))}},
	}
	for app := range 9 {
		labels := map[string]string{"app": fmt.Sprintf("app-%d", app), "tier": fmt.Sprintf("tier-%d", app/3)}
		options := []fake.PodOption{fake.Requests("500m", "1Gi"), fake.Labels(labels)}
		switch app / 3 {
		case 0:
			options = append(options, fake.PodAntiAffinity(corev1.LabelHostname, map[string]string{"tier": labels["tier"]}))
		case 1:
			options = append(options, fake.Spread(corev1.LabelHostname, int32(app-1), map[string]string{"app": labels["app"]}))
		}
		if app == 7 {
			options = append(options, fake.PodAntiAffinity(corev1.LabelHostname, map[string]string{"app": "app-8"}))
		}
		s.Pods = append(s.Pods, fake.Pods(3+app, labels["app"], options...)...)
	}
	p, err := Compile(s)
	require.NoError(t, err)
	require.NotEmpty(t, p.cliques)
	require.NotEmpty(t, p.caps)
	return p
}

// Whatever content is asked for, what is drawn for one node has no more of any shape than that, no more of any class than
// there are, fits the machine, and keeps what may not share a host apart.
func TestWhatIsDrawnMayShareAHost(t *testing.T) {
	p := sharingProblem(t)
	r := rand.New(rand.NewPCG(31, 32))
	drawn, pods := map[int32]bool{}, int64(0)
	for range 200 {
		s := p.newSolver(Options{}, strategy{}, &meter{}, leftOut{})
		s.assign()
		s.appraise(p.buyable(Options{}))
		for range 6 {
			var content []portion
			for id := range s.shapes.list {
				if n := r.Int64N(12); n > 0 {
					content = append(content, portion{int32(id), n})
				}
			}
			s.round++
			got := s.draw(&p.bins[0], content)
			requireShares(t, s, got, content)
			for _, part := range got {
				s.remaining[part.class] -= part.count
				drawn[part.class], pods = true, pods+part.count
			}
			s.shapes.drawn(p, s.remaining, got, 1)
		}
	}
	require.Len(t, drawn, p.roots(), "all classes are drawn from")
	require.Greater(t, pods, int64(200*30))
}

func requireShares(t *testing.T, s *solver, got, content []portion) {
	t.Helper()
	p := s.p
	room, here, capped := p.bins[0].room.Clone(), map[int32]int64{}, map[int32]int64{}
	wanted, shaped := map[int32]int64{}, map[int32]int64{}
	for _, part := range content {
		wanted[part.class] = part.count
	}
	for _, part := range got {
		cl := &p.classes[part.class]
		here[part.class] += part.count
		shaped[s.shapes.of[part.class]] += part.count
		room.Sub(cl.demand, part.count)
		require.LessOrEqual(t, part.count, min(s.remaining[part.class], p.mostPerNode(cl)))
		for _, g := range cl.caps {
			capped[g] += part.count
		}
	}
	for _, amount := range room {
		require.GreaterOrEqual(t, amount, int64(0))
	}
	for id, n := range shaped {
		require.LessOrEqual(t, n, wanted[id], "no more of a shape than asked for")
	}
	for g, n := range capped {
		require.LessOrEqual(t, n, p.caps[g].limit)
	}
	for _, clique := range p.cliques {
		together := int64(0)
		for _, c := range clique {
			together += here[c]
		}
		require.LessOrEqual(t, together, int64(1), "one pod of those that all exclude each other")
	}
	for c := range here {
		for _, other := range p.classes[c].apart {
			require.Zero(t, here[other], "classes that exclude each other")
		}
	}
}
