package requirement_test

import (
	"fmt"

	"github.com/kerf-autoscaler/kerf/apis/requirement"
)

func ExampleIn() {
	zone := requirement.In("zone", "b", "a")
	fmt.Println(zone)
	fmt.Println(zone.Has("a"), zone.Has("c"), zone.HasAbsent())
	// Output:
	// zone In [a b]
	// true false false
}

func ExampleRequirement_Intersect() {
	pool := requirement.Gte("cpu", 2).Intersect(requirement.Lte("cpu", 8))
	pod := requirement.NotIn("cpu", "2", "64")
	fmt.Println(pool.Intersect(pod))

	types := requirement.In("cpu", "1", "2", "4", "16")
	fmt.Println(types.Intersect(pool).Intersect(pod))
	fmt.Println(types.Intersect(requirement.Gt("cpu", 16)).Empty())
	// Output:
	// cpu Exists NotIn [2] >=2 <=8
	// cpu In [4]
	// true
}

func ExampleRequirement_Entries() {
	r := requirement.Gt("cpu", 1).Intersect(requirement.NotIn("cpu", "4"))
	for _, e := range r.Entries() {
		fmt.Println(e.Key, e.Operator, e.Values)
	}
	// Output:
	// cpu Gte [2]
	// cpu NotIn [4]
}

func ExampleSet_Match() {
	s := requirement.NewSet(requirement.In("zone", "a", "b"), requirement.NotIn("gpu", "old"))
	fmt.Println(s.Match(map[string]string{"zone": "a", "disk": "ssd"}))
	fmt.Println(s.Match(map[string]string{"zone": "a", "gpu": "old"}))
	fmt.Println(s.Match(map[string]string{"gpu": "new"}))
	// Output:
	// true
	// false
	// false
}

func ExampleSet_Compatible() {
	node := requirement.NewSet(requirement.In("topology.kubernetes.io/zone", "a", "b"))
	fmt.Println(node.Compatible(requirement.NewSet(requirement.In("topology.kubernetes.io/zone", "b")), nil))
	fmt.Println(node.Compatible(requirement.NewSet(requirement.In("topology.kubernetes.io/zone", "c")), nil))
	fmt.Println(node.Compatible(requirement.NewSet(requirement.In("zone", "b")), nil))
	// Output:
	// <nil>
	// label "topology.kubernetes.io/zone" does not fit: want In [c], have In [a b]
	// label "zone" does not have known values: want In [b] (did you mean "topology.kubernetes.io/zone"?)
}
