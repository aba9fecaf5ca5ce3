package scenario_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/kerf-autoscaler/kerf/fake/scenario"
)

func ExampleRead() {
	s, err := scenario.Read(strings.NewReader(`
apiVersion: karpenter.sh/v1
kind: NodePool
metadata: {name: general}
spec: {template: {spec: {requirements: [], nodeClassRef: {group: example.com, kind: ExampleClass, name: default}}}}
---
apiVersion: kerf.dev/v1alpha1
kind: Catalog
spec:
  table: |
    type   cpu  memory  pods  arch   zones          capacity   price
    small  2    8Gi     29    amd64  zone-a,zone-b  on-demand  0.08
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 4
  template: {spec: {containers: [{name: app, resources: {requests: {cpu: 500m}}}]}}
`), "shop.yaml", scenario.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	result, err := s.Solve(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(result)
	// Output:
	// launch  general-1  small/zone-a/on-demand  $0.08  default/web-0 +3
	// total   1 launch, $0.08/h (bound $0.08), 0 unplaced
}
