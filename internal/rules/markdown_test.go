package rules

import (
	"regexp"
	"strings"
)

// block is a fenced piece of a Markdown file.
type block struct {
	lang string
	line int // of its first line
	text string
}

// blocks returns the fenced blocks of a Markdown text in order, and the text without them, line for line.
func blocks(data []byte) (fenced []block, prose string) {
	var (
		rest []string
		body []string
		open *block
		mark string
	)
	for i, line := range strings.SplitAfter(string(data), "\n") {
		trimmed := strings.TrimSpace(line)
		switch {
		case open == nil && (strings.HasPrefix(trimmed, "```") || strings.HasPrefix(trimmed, "~~~")):
			mark = trimmed[:3]
			lang, _, _ := strings.Cut(strings.TrimSpace(trimmed[3:]), " ")
			open, body = &block{lang: lang, line: i + 2}, nil
			line = "\n"
		case open != nil && trimmed == mark:
			open.text = strings.Join(body, "")
			fenced = append(fenced, *open)
			open, line = nil, "\n"
		case open != nil:
			body = append(body, line)
			line = "\n"
		}
		rest = append(rest, line)
	}
	return fenced, strings.Join(rest, "")
}

// anchors returns the fragments that a heading of a Markdown text can be linked by.
func anchors(prose string) map[string]bool {
	heading := regexp.MustCompile(`(?m)^#{1,6} +(.*?) *#*$`)
	dropped := regexp.MustCompile(`[^\p{L}\p{N} _-]`)
	out := map[string]bool{}
	for _, m := range heading.FindAllStringSubmatch(prose, -1) {
		out[strings.ReplaceAll(dropped.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-")] = true
	}
	return out
}
