package scheduling_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/fake"
	"github.com/kerf-autoscaler/kerf/internal/gen"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// past is the world as it may have been a while ago: some types, offerings and pools were others, most types were the very
// same. Its pools are objects of their own.
func past(s scheduling.Snapshot, rng *rand.Rand) scheduling.Snapshot {
	lists := map[string][]*cloudprovider.InstanceType{}
	copies := map[*cloudprovider.InstanceType]*cloudprovider.InstanceType{}
	for name, list := range s.InstanceTypes {
		for _, t := range list {
			if _, done := copies[t]; !done {
				copies[t] = pastType(t, rng)
			}
			if then := copies[t]; then != nil {
				lists[name] = append(lists[name], then)
			}
		}
		if rng.IntN(5) == 0 {
			slices.Reverse(lists[name])
		}
		lists[name] = append([]*cloudprovider.InstanceType{}, lists[name]...)
	}
	s.InstanceTypes = lists
	s.NodePools = slices.Clone(s.NodePools)
	for i, pool := range s.NodePools {
		then := pool.DeepCopy()
		switch rng.IntN(6) {
		case 0:
			then.Spec.Template.Labels = map[string]string{"example.com/then": "yes"}
		case 1:
			then.Spec.Template.Spec.Requirements = nil
		case 2:
			then.Spec.Template.Spec.Requirements = append(then.Spec.Template.Spec.Requirements, v1.NodeRequirement{
				Key: corev1.LabelArchStable, Operator: corev1.NodeSelectorOpIn, Values: []string{"amd64"},
			})
		case 3:
			weight := int32(rng.IntN(100) + 1)
			then.Spec.Weight = &weight
		}
		s.NodePools[i] = then
	}
	if len(s.NodePools) > 1 && rng.IntN(4) == 0 {
		delete(lists, s.NodePools[0].Name)
		s.NodePools = s.NodePools[1:]
	}
	if rng.IntN(2) == 0 {
		s.Pods = s.Pods[:rng.IntN(len(s.Pods)+1)]
		s.DaemonPods = s.DaemonPods[:0]
	}
	if rng.IntN(8) == 0 {
		s.Vocabulary.WellKnown = append(slices.Clone(s.Vocabulary.WellKnown), "example.com/custom", "example.com/team")
	}
	return s
}

// pastType is the type as it was then: mostly the same, or nil if there was none.
func pastType(t *cloudprovider.InstanceType, rng *rand.Rand) *cloudprovider.InstanceType {
	then := *t
	then.Offerings = slices.Clone(t.Offerings)
	switch rng.IntN(8) {
	case 0:
		return nil
	case 1:
		then.Name += "-then"
	case 2:
		for i := range then.Offerings {
			then.Offerings[i].Price *= 0.5 + rng.Float64()
		}
	case 3:
		for i := range then.Offerings {
			then.Offerings[i].Available = rng.IntN(2) == 0
		}
	case 4:
		then.Offerings = then.Offerings[:rng.IntN(len(then.Offerings)+1)]
	default:
		return t
	}
	return &then
}

// What a catalogue of the same world, of the world as it was, or of another world has to say changes no byte of a plan.
func TestCatalogsNeverChangeThePlan(t *testing.T) {
	for i := range min(400, *worldCount) {
		content, seed := featuresOf(t), *firstSeed+uint64(i)
		if seed%uint64(*oneOf) != 0 {
			content.Size = gen.Minute
		}
		rng := rand.New(rand.NewPCG(seed, 1))
		s := gen.World(seed, content)
		problem, err := scheduling.Compile(s)
		require.NoError(t, err, "seed %d", seed)
		plan, err := problem.Solve(t.Context(), scheduling.Options{})
		require.NoError(t, err)
		want := bytesOf(t, plan)
		handles := map[string]*scheduling.Catalog{"same": problem.Catalog(), "of another world": catalogOf(t, gen.World(seed+1, content))}
		then := past(s, rng)
		if earlier, err := scheduling.Compile(then); err == nil {
			handles["past"] = earlier.Catalog()
			for j, pool := range then.NodePools { // the same objects, changed since
				now := s.NodePools[len(s.NodePools)-len(then.NodePools)+j]
				now.DeepCopyInto(pool)
				require.Equal(t, now.Name, pool.Name)
			}
			present := s
			present.NodePools = append(slices.Clone(s.NodePools[:len(s.NodePools)-len(then.NodePools)]), then.NodePools...)
			present.Catalog = earlier.Catalog()
			samePlan(t, seed, "changed in place", want, present)
			then.Catalog = problem.Catalog()
			handles["past of past"] = catalogOf(t, then)
		}
		for name, handle := range handles {
			s.Catalog = handle
			samePlan(t, seed, name, want, s)
		}
	}
}

func samePlan(t *testing.T, seed uint64, catalog, want string, s scheduling.Snapshot) {
	t.Helper()
	problem, err := scheduling.Compile(s)
	require.NoError(t, err)
	plan, err := problem.Solve(t.Context(), scheduling.Options{})
	require.NoError(t, err)
	if have := bytesOf(t, plan); have != want {
		s.Catalog = nil
		t.Fatalf("seed %d, catalogue %s: %s\n%s", seed, catalog, difference(have, want), gen.Dump(s))
	}
}

func catalogOf(t *testing.T, s scheduling.Snapshot) *scheduling.Catalog {
	t.Helper()
	problem, err := scheduling.Compile(s)
	require.NoError(t, err)
	return problem.Catalog()
}

// A catalogue does not make Compile overlook what is wrong.
func TestCompileFindsErrorsInWhatTheCatalogDoesNotKnow(t *testing.T) {
	s := mix(10, 20)
	s.Catalog = catalogOf(t, s)
	types := slices.Clone(s.InstanceTypes["general"])
	broken := *types[3]
	broken.Offerings = slices.Clone(broken.Offerings)
	broken.Offerings[0].Price = -1
	types[3] = &broken
	s.InstanceTypes = map[string][]*cloudprovider.InstanceType{"general": types}
	_, err := scheduling.Compile(s)
	require.ErrorContains(t, err, `InstanceTypes[general][3] (`+broken.Name+`): offerings[0].price: must be a number of dollars >= 0, is -1`)

	s.InstanceTypes["general"] = append(slices.Clone(types[:3]), types[1])
	_, err = scheduling.Compile(s)
	require.ErrorContains(t, err, `InstanceTypes[general]`)

	s.InstanceTypes["general"] = append(slices.Clone(types[:3]), nil)
	_, err = scheduling.Compile(s)
	require.ErrorContains(t, err, `InstanceTypes[general][3]: must not be nil`)
}

// A type that is gone says nothing any more, not even how much there is of a stock that it drew from.
func TestCatalogsForgetTypesThatAreGone(t *testing.T) {
	kept := fake.InstanceType("kept", "2", "8Gi", fake.OnDemand("zone-a", 1, fake.InStock("hosts", 5)))
	gone := fake.InstanceType("zz-gone", "2", "8Gi", fake.OnDemand("zone-a", 1, fake.InStock("hosts", 1)))
	s := scheduling.Snapshot{
		Pods:          fake.Pods(3, "web", fake.Requests("1500m", "1Gi")),
		NodePools:     []*v1.NodePool{fake.NodePool("general")},
		InstanceTypes: map[string][]*cloudprovider.InstanceType{"general": {kept, gone}},
	}
	s.Catalog = catalogOf(t, s)
	s.InstanceTypes = map[string][]*cloudprovider.InstanceType{"general": {kept}}
	plan, err := scheduling.Solve(t.Context(), s, scheduling.Options{})
	require.NoError(t, err)
	require.Len(t, plan.Launches, 3)
	require.Empty(t, plan.Unplaced)
}

func TestACatalogOfNothingHelpsNobody(t *testing.T) {
	problem, err := scheduling.Compile(scheduling.Snapshot{})
	require.NoError(t, err)
	s := mix(20, 20)
	want, err := scheduling.Solve(t.Context(), s, scheduling.Options{})
	require.NoError(t, err)
	s.Catalog = problem.Catalog()
	plan, err := scheduling.Solve(t.Context(), s, scheduling.Options{})
	require.NoError(t, err)
	require.Equal(t, want.String(), plan.String())
}
