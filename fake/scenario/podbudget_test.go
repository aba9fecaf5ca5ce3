package scenario

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	policyv1 "k8s.io/api/policy/v1"
)

func podBudgetDocument(spec, more string) string {
	return "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: web}\nspec: {selector: {matchLabels: {app: web}}, " + spec + "}\n" + more
}

// webPod is a pod on n-1 that belongs to ReplicaSet web.
func webPod(name, status string) string {
	return fmt.Sprintf(`
apiVersion: v1
kind: Pod
metadata: {name: %s, labels: {app: web}, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web, uid: r-1, controller: true}]}
spec: {nodeName: n-1, containers: [{name: app}]}
%s`, name, status)
}

func TestBudgetsWithoutAStatusGetTheOneOfTheirController(t *testing.T) {
	const notReady = "status: {phase: Running, conditions: [{type: Ready, status: \"False\"}]}\n"
	set := "apiVersion: apps/v1\nkind: ReplicaSet\nmetadata: {name: web, uid: r-1}\nspec: {replicas: 5, selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: app}]}}}\n"
	three := []string{webPod("a", ""), webPod("b", ""), webPod("c", "")}
	for name, c := range map[string]struct {
		documents []string
		spec      string
		want      policyv1.PodDisruptionBudgetStatus // healthy, desired, expected, allowed
	}{
		"a number to be kept":      {three, "minAvailable: 2", podBudgetStatus(3, 2, 3, 1)},
		"a share to be kept":       {three, "minAvailable: 50%", podBudgetStatus(3, 2, 3, 1)},
		"a number to do without":   {three, "maxUnavailable: 2", podBudgetStatus(3, 1, 3, 2)},
		"a share to do without":    {three, "maxUnavailable: 40%", podBudgetStatus(3, 1, 3, 2)},
		"none to do without":       {three, "maxUnavailable: 0", podBudgetStatus(3, 3, 3, 0)},
		"more than there are":      {three, "minAvailable: 7", podBudgetStatus(3, 7, 3, 0)},
		"neither":                  {three, "", podBudgetStatus(3, 0, 0, 0)},
		"no pods":                  {nil, "maxUnavailable: 1", podBudgetStatus(0, 0, 0, 0)},
		"a pod that is not ready":  {[]string{webPod("a", ""), webPod("b", notReady)}, "maxUnavailable: 1", podBudgetStatus(1, 1, 2, 0)},
		"a pod that is finished":   {[]string{webPod("a", ""), webPod("b", "status: {phase: Failed}")}, "minAvailable: 0", podBudgetStatus(1, 0, 1, 1)},
		"a pod on its way out":     {[]string{webPod("a", ""), strings.Replace(webPod("b", ""), "{name", "{deletionTimestamp: \"2026-01-05T12:00:00Z\", name", 1)}, "minAvailable: 0", podBudgetStatus(1, 0, 1, 1)},
		"the scale of the owner":   {append([]string{set}, three...), "maxUnavailable: 1", podBudgetStatus(3, 4, 5, 0)},
		"only numbers do not care": {append([]string{set}, three...), "minAvailable: 2", podBudgetStatus(3, 2, 3, 1)},
		"pods that wait":           {[]string{webPod("a", ""), strings.Replace(webPod("b", ""), "nodeName: n-1, ", "", 1)}, "maxUnavailable: 1", podBudgetStatus(1, 1, 2, 0)},
		"other namespaces":         {append([]string{strings.Replace(webPod("a", ""), "{name", "{namespace: x, name", 1)}, three...), "minAvailable: 2", podBudgetStatus(3, 2, 3, 1)},
	} {
		t.Run(name, func(t *testing.T) {
			documents := append([]string{someNode, asked(""), podBudgetDocument(c.spec, "")}, c.documents...)
			require.Equal(t, c.want, read(t, documents...).Input().PodDisruptionBudgets[0].Status)
		})
	}
}

func podBudgetStatus(healthy, desired, expected, allowed int32) policyv1.PodDisruptionBudgetStatus {
	return policyv1.PodDisruptionBudgetStatus{CurrentHealthy: healthy, DesiredHealthy: desired, ExpectedPods: expected, DisruptionsAllowed: allowed}
}

func TestTheStatusOfABudgetThatStatesOneIsBelieved(t *testing.T) {
	b := read(t, someNode, asked(""), webPod("a", ""), podBudgetDocument("maxUnavailable: 1", "status: {disruptionsAllowed: 0}\n")).DisruptionBudgets[0]
	require.Zero(t, b.Status.DisruptionsAllowed)
	require.Zero(t, b.Status.ExpectedPods)
	b = read(t, someNode, asked(""), webPod("a", ""), podBudgetDocument("maxUnavailable: 1", "status: {}\n")).DisruptionBudgets[0]
	require.Equal(t, podBudgetStatus(1, 0, 1, 1), b.Status)
	everything := strings.Replace(podBudgetDocument("maxUnavailable: 1", ""), "{matchLabels: {app: web}}", "{}", 1)
	b = read(t, someNode, asked(""), webPod("a", ""), strings.Replace(somePod, "web", "b", 1), everything).DisruptionBudgets[0]
	require.Equal(t, int32(2), b.Status.ExpectedPods, "an empty selector selects all pods of the namespace")
	nobody := strings.Replace(podBudgetDocument("maxUnavailable: 1", ""), "selector: {matchLabels: {app: web}}, ", "", 1)
	require.Zero(t, read(t, someNode, asked(""), webPod("a", ""), nobody).DisruptionBudgets[0].Status)
}

func TestBudgetsThatTheAPIServerWouldRefuse(t *testing.T) {
	for spec, want := range map[string]string{
		"minAvailable: 1, maxUnavailable: 1":                 "spec.maxUnavailable: excludes minAvailable: give one of the two",
		"minAvailable: -1":                                   "spec.minAvailable: must not be negative, is -1",
		"maxUnavailable: few":                                `spec.maxUnavailable: must be a number or a percentage such as 10%, is "few"`,
		"minAvailable: 1, unhealthyPodEvictionPolicy: Maybe": "spec.unhealthyPodEvictionPolicy: must be IfHealthyBudget or AlwaysAllow",
	} {
		t.Run(spec, func(t *testing.T) {
			require.Contains(t, refuse(t, podBudgetDocument(spec, "")), "document 1 (PodDisruptionBudget default/web): "+want)
		})
	}
	bad := strings.Replace(podBudgetDocument("minAvailable: 1", ""), "app: web", "a b: c", 1)
	require.Contains(t, refuse(t, bad), "document 1 (PodDisruptionBudget default/web): spec.selector.matchLabels")
}
