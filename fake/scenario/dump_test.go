package scenario

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A dump of a cluster lists a Deployment, its ReplicaSet and its pods. Each pod counts once; a controller without
// dependents among the documents stands for its pods.
func TestControllersOfADumpDoNotCountTheirPodsAgain(t *testing.T) {
	const template = `selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: app}]}}`
	s, err := Read(strings.NewReader(`
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: default, uid: d-1}
spec: {replicas: 3, `+template+`}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: web-1, namespace: default, uid: r-1, ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: web, uid: d-1}]}
spec: {replicas: 3, `+template+`}
---
apiVersion: v1
kind: Pod
metadata: {name: web-1-x, namespace: default, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web-1, uid: r-1}]}
spec: {containers: [{name: app}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: default, uid: s-1}
spec: {replicas: 2, serviceName: db, `+template+`}
`), "dump", Options{})
	require.NoError(t, err)
	var names []string
	for _, pod := range s.Snapshot.Pods {
		names = append(names, pod.Name)
	}
	require.ElementsMatch(t, []string{"web-1-x", "db-0", "db-1"}, names)
}
