package scenario

import (
	"io/fs"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kerf-autoscaler/kerf/apis/autoscaling"
	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/apis/v1alpha1"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// world is what the documents say, object by object, before anything is made of it. Every object has a namespace, where
// its kind has one, and a UID.
type world struct {
	problems problems
	seen     map[objectKey]origin

	workloads  []workload // in the order of the documents
	daemonSets []workload
	services   []found[*corev1.Service]
	groups     []found[*v1alpha1.PodGroup]
	templates  map[types.NamespacedName]*corev1.PodTemplate
	nodes      []found[*corev1.Node]
	claims     []found[*v1.NodeClaim]
	pools      []found[*v1.NodePool]
	types      []found[*v1alpha1.InstanceType]
	catalogs   []catalogDocument
	overlays   []found[*v1alpha1.NodeOverlay]
	buffers    []found[*autoscaling.CapacityBuffer]
	priorities []*schedulingv1.PriorityClass
	budgets    []podBudget
	namespaces []*corev1.Namespace
	storage    scheduling.Storage
	madeUp     map[types.UID]bool // UIDs that no document states
	scenario   *found[*v1alpha1.Scenario]
	newest     instant // only looked for where somebody asks, see [Options.Decide]
}

// found is an object and where it comes from.
type found[T any] struct {
	origin
	object T
}

// catalogDocument is a Catalog, the line of the file before its table's first, and how to read files beside that file.
type catalogDocument struct {
	found[*v1alpha1.Catalog]
	tableLine int32
	open      opener
}

// opener opens a file by its path relative to another file. nil: there is no place to look for files.
type opener func(path string) (fs.File, error)

// podBudget is a PodDisruptionBudget, and whether its document says how things stand with it.
type podBudget struct {
	found[*policyv1.PodDisruptionBudget]
	stated bool
}

// workload is a Pod document, or something that makes pods from a template.
type workload struct {
	origin
	// pod is that of a Pod document, nil otherwise.
	pod *corev1.Pod
	// uid is the controller's, template what its pods are made from, count how many there are.
	uid      types.UID
	template *corev1.PodTemplateSpec
	count    int
	// selector is the controller's, nil if it states none.
	selector *metav1.LabelSelector
	// owners are what the controller itself belongs to, such as a ReplicaSet to its Deployment.
	owners []metav1.OwnerReference
	// claims are the volumeClaimTemplates of a StatefulSet.
	claims []corev1.PersistentVolumeClaim
}

// objectKey identifies an object among all documents.
type objectKey struct{ kind, namespace, name string }

func newWorld() *world {
	return &world{
		seen:      map[objectKey]origin{},
		templates: map[types.NamespacedName]*corev1.PodTemplate{},
		madeUp:    map[types.UID]bool{},
	}
}

// take notes that the name is taken. It reports false, and the problem, when it was taken before.
func (w *world) take(o origin) bool {
	k := objectKey{o.kind, o.namespace, o.name}
	if first, taken := w.seen[k]; taken {
		w.problems.add(o.errorf("", "is declared twice, first in %s", first))
		return false
	}
	w.seen[k] = o
	return true
}
