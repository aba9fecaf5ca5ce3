package v1_test

import (
	"fmt"
	"time"

	"sigs.k8s.io/yaml"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
)

const examplePool = `
apiVersion: karpenter.sh/v1
kind: NodePool
metadata: {name: general}
spec:
  template:
    spec:
      nodeClassRef: {group: example.com, kind: ExampleNodeClass, name: default}
      requirements:
      - {key: topology.kubernetes.io/zone, operator: In, values: [zone-a, zone-b]}
      - {key: topology.kubernetes.io/zone, operator: In, values: [zone-c]}
  disruption:
    budgets:
    - {nodes: 20%}
    - {nodes: "0", schedule: 0 9 * * mon-fri, duration: 8h}
`

func ExampleValidateNodePool() {
	var pool v1.NodePool
	if err := yaml.UnmarshalStrict([]byte(examplePool), &pool); err != nil {
		panic(err)
	}
	v1.SetDefaultsNodePool(&pool)
	for _, finding := range v1.ValidateNodePool(&pool) {
		fmt.Println(finding.Field)
		fmt.Println(finding.Detail)
	}
	// Output:
	// spec.template.spec.requirements[1]
	// topology.kubernetes.io/zone: In [zone-a zone-b] and In [zone-c] admit no value in common
}

func ExampleNodePool_AllowedDisruptions() {
	var pool v1.NodePool
	if err := yaml.UnmarshalStrict([]byte(examplePool), &pool); err != nil {
		panic(err)
	}
	for _, hour := range []int{8, 9} {
		now := time.Date(2026, 1, 5, hour, 0, 0, 0, time.UTC)
		allowed, err := pool.AllowedDisruptions(now, 12, v1.ReasonEmpty)
		fmt.Println(now.Format(time.TimeOnly), allowed, err)
	}
	// Output:
	// 08:00:00 3 <nil>
	// 09:00:00 0 <nil>
}
