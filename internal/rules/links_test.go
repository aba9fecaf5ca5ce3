package rules

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A link within the repository that leads nowhere is worse than none: it says that something was there.
func TestLinksBetweenFilesResolve(t *testing.T) {
	link := regexp.MustCompile(`\]\(<?([^)\s>]+)>?[^)]*\)|(?m:^\[[^\]]+\]:\s+(\S+))`)
	code := regexp.MustCompile("`[^`\n]*`")
	for _, f := range files(t, ".md") {
		_, prose := blocks(f.data)
		for i, line := range strings.Split(prose, "\n") {
			for _, m := range link.FindAllStringSubmatch(code.ReplaceAllString(line, "`x`"), -1) {
				target := m[1] + m[2]
				if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
					continue
				}
				if why := resolve(f.path, target); why != "" {
					t.Errorf("%s:%d: link to %s: %s", f.path, i+1, target, why)
				}
			}
		}
	}
}

// resolve says what is wrong with a link from a file, or nothing.
func resolve(from, target string) string {
	name, fragment, _ := strings.Cut(target, "#")
	to := from
	switch {
	case strings.HasPrefix(name, "/"):
		to = strings.TrimPrefix(path.Clean(name), "/")
	case name != "":
		to = path.Join(path.Dir(from), name)
	}
	if strings.HasPrefix(to, "../") {
		return "it leads out of the repository"
	}
	info, err := os.Stat(filepath.Join(root, filepath.FromSlash(to)))
	if err != nil {
		return "no such file"
	}
	if fragment == "" || info.IsDir() || !strings.HasSuffix(to, ".md") {
		return ""
	}
	data, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(to)))
	if err != nil {
		return err.Error()
	}
	if _, prose := blocks(data); !anchors(prose)[fragment] {
		return "no such heading"
	}
	return ""
}
