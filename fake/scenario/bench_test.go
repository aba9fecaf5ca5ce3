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
	var pods strings.Builder
	for i := range 10_000 {
		pods.WriteString(podDocument(i))
	}
	for name, in := range map[string]string{
		"10000 Pod documents":    pods.String(),
		"Deployment of 100000":   controller("apps/v1", "Deployment", "web", "replicas: 100000", ""),
		"StatefulSet of 100000":  controller("apps/v1", "StatefulSet", "web", "replicas: 100000", ""),
		"1000 NodePools, 1 type": someType + strings.Repeat("---"+somePool, 1),
	} {
		if name == "1000 NodePools, 1 type" {
			for i := range 999 {
				in += "---" + strings.Replace(somePool, "general", fmt.Sprintf("pool-%d", i), 1)
			}
		}
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(in)))
			b.ReportAllocs()
			for b.Loop() {
				_, err := Read(strings.NewReader(in), "bench.yaml", Options{})
				require.NoError(b, err)
			}
		})
	}
}
