package scenario

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// podDocument is a Pod as kubectl would write it, in blocks.
func podDocument(i int) string {
	return fmt.Sprintf(`---
apiVersion: v1
kind: Pod
metadata:
  name: web-%d
  namespace: default
  labels:
    app: web
    tier: front
spec:
  containers:
  - name: app
    image: nginx
    resources:
      requests:
        cpu: %dm
        memory: 128Mi
  tolerations:
  - key: dedicated
    operator: Exists
    effect: NoSchedule
`, i, 100+i%50)
}

func BenchmarkRead(b *testing.B) {
	var pods, pools strings.Builder
	for i := range 10_000 {
		pods.WriteString(podDocument(i))
	}
	pools.WriteString(someType)
	for i := range 10_000 {
		pools.WriteString("---" + strings.Replace(somePool, "general", fmt.Sprintf("pool-%d", i), 1))
	}
	for _, c := range []struct{ name, in string }{
		{"10000 Pod documents", pods.String()},
		{"10000 NodePools", pools.String()},
		{"Deployment of 100000", controller("apps/v1", "Deployment", "web", "replicas: 100000", "")},
		{"StatefulSet of 100000", controller("apps/v1", "StatefulSet", "web", "replicas: 100000", "")},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, err := Read(strings.NewReader(c.in), "bench.yaml", Options{})
				require.NoError(b, err)
			}
		})
	}
}
