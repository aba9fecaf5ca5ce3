package scheduling

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/kerf-autoscaler/kerf/cloudprovider"
)

// checkVocabulary finds aliases that lead nowhere.
func checkVocabulary(f *findings, s *Snapshot) {
	for _, e := range cloudprovider.ValidateVocabulary(s.Vocabulary) {
		f.add("Vocabulary."+e.Path, "%s", e.Problem)
	}
}

// checkProfile finds default constraints that the scheduler would not start with, selectors that cannot be true, and a
// pod that needs selectors when they are unknown.
func checkProfile(f *findings, s *Snapshot) {
	profile := &s.Profile
	for i, name := range profile.SchedulerNames {
		if name == "" {
			f.add(fmt.Sprintf("Profile.SchedulerNames[%d]", i), "must not be empty")
		}
	}
	checkDefaultConstraints(f, profile.DefaultConstraints)
	checkSelectors(f, profile.Selectors)
	if len(profile.DefaultConstraints) == 0 || profile.Selectors != nil {
		return
	}
	for _, pod := range s.Pods {
		if pod != nil && len(pod.Spec.TopologySpreadConstraints) == 0 && wanted(pod, *profile) {
			f.add(podPath(pod)+".spec.topologySpreadConstraints", "follow from Profile.DefaultConstraints and need Profile.Selectors, which are unknown")
			return
		}
	}
}

func checkSelectors(f *findings, list []PodSelector) {
	seen := map[[3]string]bool{}
	for i := range list {
		s := &list[i]
		add := func(field, problem string, args ...any) {
			f.add(fmt.Sprintf("Profile.Selectors[%s %s/%s]%s", s.Kind, s.Namespace, s.Name, field), problem, args...)
		}
		name := [3]string{s.Kind, s.Namespace, s.Name}
		if seen[name] {
			add("", "occurs twice")
		}
		seen[name] = true
		if s.Kind != kindService && controllerVersion(s.Kind) == "" {
			add(".Kind", "must be Service, ReplicationController, ReplicaSet or StatefulSet")
		}
		if s.Kind == kindService && s.Selector != nil && len(s.Selector.MatchExpressions) > 0 {
			add(".Selector.matchExpressions", "must be empty: a Service selects by labels alone")
		}
		if _, err := metav1.LabelSelectorAsSelector(s.Selector); err != nil {
			add(".Selector", "%v", err)
		}
	}
}

func checkDefaultConstraints(f *findings, list []corev1.TopologySpreadConstraint) {
	type rule struct {
		key    string
		action corev1.UnsatisfiableConstraintAction
	}
	first := map[rule]int{}
	for i := range list {
		c := &list[i]
		path := fmt.Sprintf("Profile.DefaultConstraints[%d]", i)
		checkDefaultConstraint(f, path, c)
		r := rule{c.TopologyKey, c.WhenUnsatisfiable}
		if j, repeated := first[r]; repeated {
			f.add(path, "has the topologyKey and whenUnsatisfiable of Profile.DefaultConstraints[%d]", j)
		} else {
			first[r] = i
		}
	}
}

// checkDefaultConstraint finds what is wrong with one constraint.
func checkDefaultConstraint(f *findings, path string, c *corev1.TopologySpreadConstraint) {
	if c.MaxSkew <= 0 {
		f.add(path+".maxSkew", "must be above 0, is %d", c.MaxSkew)
	}
	if c.TopologyKey == "" {
		f.add(path+".topologyKey", "must not be empty")
	} else if problems := validation.IsQualifiedName(c.TopologyKey); len(problems) > 0 {
		f.add(path+".topologyKey", "%s", strings.Join(problems, ", "))
	}
	switch c.WhenUnsatisfiable {
	case corev1.DoNotSchedule, corev1.ScheduleAnyway:
	default:
		f.add(path+".whenUnsatisfiable", "must be DoNotSchedule or ScheduleAnyway, is %q", c.WhenUnsatisfiable)
	}
	if c.LabelSelector != nil {
		f.add(path+".labelSelector", "must be empty: it follows from Services and controllers")
	}
	if len(c.MatchLabelKeys) > 0 {
		f.add(path+".matchLabelKeys", "must be empty: there is no selector to add to")
	}
	if c.MinDomains != nil && *c.MinDomains <= 0 {
		f.add(path+".minDomains", "must be above 0, is %d", *c.MinDomains)
	}
	policy := func(field string, p *corev1.NodeInclusionPolicy) {
		if p != nil && *p != corev1.NodeInclusionPolicyHonor && *p != corev1.NodeInclusionPolicyIgnore {
			f.add(path+"."+field, "must be Honor or Ignore, is %q", *p)
		}
	}
	policy("nodeAffinityPolicy", c.NodeAffinityPolicy)
	policy("nodeTaintsPolicy", c.NodeTaintsPolicy)
}
