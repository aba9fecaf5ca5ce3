package scenario

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func claimDocument(name, more string) string {
	return "apiVersion: karpenter.sh/v1\nkind: NodeClaim\nmetadata: {name: " + name + ", labels: {karpenter.sh/nodepool: general}}\n" + more
}

const someNode = "apiVersion: v1\nkind: Node\nmetadata: {name: n-1}\nspec: {providerID: p-1}\nstatus: {capacity: {cpu: \"4\"}}\n"

func TestNodesAreCompleted(t *testing.T) {
	n := read(t, someNode).Snapshot.Nodes[0]
	require.Equal(t, "n-1", n.Node.Labels["kubernetes.io/hostname"])
	require.Equal(t, "4", n.Node.Status.Allocatable.Cpu().String())
	require.Nil(t, n.Claim)

	n = read(t, strings.Replace(someNode, "capacity:", "allocatable:", 1)).Snapshot.Nodes[0]
	require.Equal(t, "4", n.Node.Status.Capacity.Cpu().String())
	named := strings.Replace(someNode, "{name: n-1}", "{name: n-1, labels: {kubernetes.io/hostname: other}}", 1)
	require.Equal(t, "other", read(t, named).Snapshot.Nodes[0].Node.Labels["kubernetes.io/hostname"])
}

func TestBoundPodsBelongToTheirNodes(t *testing.T) {
	bound := func(name, status string) string {
		return strings.Replace(strings.Replace(somePod, "web", name, 1), "spec: {", "spec: {nodeName: n-1, ", 1) + status
	}
	s := read(t, bound("a", ""), bound("b", "status: {phase: Succeeded}\n"), somePod, someNode).Snapshot
	require.Equal(t, []string{"default/a", "default/b"}, podNamesOf(s.Nodes[0].Pods))
	require.Equal(t, []string{"default/web"}, podNamesOf(s.Pods))
	require.Empty(t, read(t, bound("a", "status: {phase: Failed}\n")).Snapshot.Nodes, "a finished pod may outlive its node")
}

func TestClaimsAreJoinedWithTheirNodes(t *testing.T) {
	for name, c := range map[string]struct {
		claim  string
		joined bool
	}{
		"by node name":                 {claimDocument("c-1", "status: {nodeName: n-1}\n"), true},
		"by provider id":               {claimDocument("c-1", "status: {providerID: p-1}\n"), true},
		"by provider id, name unknown": {claimDocument("c-1", "status: {providerID: p-1, nodeName: n-9}\n"), true},
		"in flight":                    {claimDocument("c-1", "status: {providerID: p-2, capacity: {cpu: \"2\"}}\n"), false},
		"just ordered":                 {claimDocument("c-1", ""), false},
	} {
		t.Run(name, func(t *testing.T) {
			nodes := read(t, c.claim, someNode).Snapshot.Nodes
			if c.joined {
				require.Len(t, nodes, 1)
				require.Equal(t, "c-1", nodes[0].Claim.Name)
				require.Equal(t, "n-1", nodes[0].Name())
				return
			}
			require.Len(t, nodes, 2)
			require.Nil(t, nodes[0].Claim)
			require.Nil(t, nodes[1].Node)
			require.Equal(t, "c-1", nodes[1].Name())
		})
	}
}

func TestANodeThatStartsIsLeftForItsClaimToComplete(t *testing.T) {
	starting := strings.Replace(someNode, "{cpu: \"4\"}", "{cpu: \"0\"}", 1)
	n := read(t, starting, claimDocument("c-1", "status: {nodeName: n-1, allocatable: {cpu: \"3\"}}\n")).Snapshot.Nodes[0]
	require.Empty(t, n.Node.Status.Allocatable)
}

func TestClaimsThatCannotBeTrueAreRefused(t *testing.T) {
	require.Contains(t, refuse(t, someNode, claimDocument("c-1", "status: {nodeName: n-1}\n"), claimDocument("c-2", "status: {providerID: p-1}\n")),
		"document 3 (NodeClaim c-2): status: belongs to Node n-1, and so does test.yaml:8: document 2 (NodeClaim c-1)")
	require.Contains(t, refuse(t, someNode, claimDocument("n-1", "")), "is in flight under the name of another node")
	require.Contains(t, refuse(t, claimDocument("c-1", "status: {capacity: {cpu: \"-1\"}}\n")), "status.capacity[cpu]: must not be negative, is -1")
	require.Contains(t, refuse(t, claimDocument("c-1", "spec: {requirements: [{key: a, operator: Maybe}]}\n")), "spec.requirements[0].operator")
}
