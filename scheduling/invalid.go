package scheduling

import (
	"errors"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/kerf-autoscaler/kerf/cloudprovider"
)

// InvalidSnapshotError says what is wrong with a [Snapshot] and where. [Compile] returns all that it finds, joined.
type InvalidSnapshotError struct {
	// Path leads to the fact, in the manner of "Pods[default/web-0].spec.containers[app].resources.requests[cpu]".
	Path string
	// Problem is what is wrong with it.
	Problem string
}

// Error is Path and Problem.
func (e *InvalidSnapshotError) Error() string { return e.Path + ": " + e.Problem }

// findings collects what is wrong with a snapshot.
type findings struct{ list []error }

// maxFindings keeps a snapshot with a hundred thousand broken pods from becoming a hundred thousand errors.
const maxFindings = 20

func (f *findings) add(path, problem string, args ...any) {
	if len(f.list) == maxFindings {
		f.list = append(f.list, &InvalidSnapshotError{Path: "snapshot", Problem: "more errors follow"})
	}
	if len(f.list) > maxFindings {
		return
	}
	f.list = append(f.list, &InvalidSnapshotError{Path: path, Problem: fmt.Sprintf(problem, args...)})
}

func (f *findings) err() error { return errors.Join(f.list...) }

// checkNames finds objects without a name and names that occur twice. It does not look into the objects.
func checkNames(f *findings, s *Snapshot) {
	nodes := make(map[string]bool, len(s.Nodes))
	for i, n := range s.Nodes {
		switch name := n.Name(); {
		case n.Node == nil && n.Claim == nil:
			f.add(fmt.Sprintf("Nodes[%d]", i), "has neither Node nor Claim")
		case name == "":
			f.add(fmt.Sprintf("Nodes[%d]", i), "has no name")
		case nodes[name]:
			f.add(fmt.Sprintf("Nodes[%s]", name), "occurs twice")
		default:
			nodes[name] = true
		}
	}
	pools := make(map[string]bool, len(s.NodePools))
	for i, p := range s.NodePools {
		switch {
		case p == nil:
			f.add(fmt.Sprintf("NodePools[%d]", i), "is nil")
		case p.Name == "":
			f.add(fmt.Sprintf("NodePools[%d]", i), "has no name")
		case pools[p.Name]:
			f.add(fmt.Sprintf("NodePools[%s]", p.Name), "occurs twice")
		default:
			pools[p.Name] = true
		}
	}
	daemons := make(map[string]bool, len(s.DaemonPods))
	for i, p := range s.DaemonPods {
		if p == nil {
			f.add(fmt.Sprintf("DaemonPods[%d]", i), "is nil")
			continue
		}
		if key := p.Namespace + "/" + p.Name; daemons[key] {
			f.add(fmt.Sprintf("DaemonPods[%s]", key), "occurs twice")
		} else {
			daemons[key] = true
		}
	}
}

// checkCatalogues finds instance types that cannot be true. A catalogue that several pools share is looked at once, and
// types that have been found sound before are not looked at.
func checkCatalogues(f *findings, s *Snapshot) {
	seen := map[*cloudprovider.InstanceType]bool{}
	for _, pool := range sortedKeys(s.InstanceTypes) {
		types := s.InstanceTypes[pool]
		fresh := slices.DeleteFunc(slices.Clone(types), func(t *cloudprovider.InstanceType) bool {
			return t != nil && (seen[t] || s.Catalog.typ(t) != nil)
		})
		for _, t := range fresh {
			seen[t] = true
		}
		name, twice := duplicateName(types)
		switch {
		case len(fresh) == 0 && twice:
			f.add(fmt.Sprintf("InstanceTypes[%s]", pool), "type %q occurs twice", name)
		case twice, len(cloudprovider.ValidateInstanceTypes(fresh)) > 0:
			for _, e := range cloudprovider.ValidateInstanceTypes(types) { // all of them, since paths have positions
				f.add(fmt.Sprintf("InstanceTypes[%s]%s", pool, e.Path), "%s", e.Problem)
			}
		}
	}
}

func duplicateName(types []*cloudprovider.InstanceType) (string, bool) {
	names := make(map[string]bool, len(types))
	for _, t := range types {
		if t == nil {
			continue
		}
		if names[t.Name] {
			return t.Name, true
		}
		names[t.Name] = true
	}
	return "", false
}

// checkPod finds requests that cannot be true in a pod (a waiting, bound or daemon pod).
func checkPod(f *findings, path string, pod *corev1.Pod) {
	negative := func(where string, list corev1.ResourceList) {
		for _, name := range sortedKeys(list) {
			if q := list[name]; q.Sign() < 0 {
				f.add(fmt.Sprintf("%s.%s[%s]", path, where, name), "must not be negative, is %s", q.String())
			}
		}
	}
	for i := range pod.Spec.InitContainers {
		c := &pod.Spec.InitContainers[i]
		negative("spec.initContainers["+c.Name+"].resources.requests", c.Resources.Requests)
	}
	for i := range pod.Spec.Containers {
		c := &pod.Spec.Containers[i]
		negative("spec.containers["+c.Name+"].resources.requests", c.Resources.Requests)
	}
	if pod.Spec.Resources != nil {
		negative("spec.resources.requests", pod.Spec.Resources.Requests)
	}
	negative("spec.overhead", pod.Spec.Overhead)
}
