package scenario

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"regexp"
)

// chunk is the text of one document, with the line of the file that it begins in.
type chunk struct {
	data []byte
	line int
}

// split cuts a YAML stream into its documents. A document ends before a line that begins with ---, or after a line that
// says nothing but "...". Documents of blank lines and comments only are left out. Inside of a block scalar such a line
// would end it as well, so looking at the beginning of lines is enough.
func split(data []byte) []chunk {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	var out []chunk
	start, startLine, line := 0, 1, 1
	empty := true
	finish := func(end, next, nextLine int) {
		if !empty {
			out = append(out, chunk{data[start:end], startLine})
		}
		start, startLine, empty = next, nextLine, true
	}
	for pos := 0; pos < len(data); line++ {
		end := len(data)
		if i := bytes.IndexByte(data[pos:], '\n'); i >= 0 {
			end = pos + i + 1
		}
		row := bytes.TrimRight(data[pos:end], "\r\n")
		switch {
		case isMarker(row, "---"):
			finish(pos, pos, line)
			row = bytes.TrimPrefix(row, []byte("---"))
		case isMarker(row, "..."):
			finish(pos, end, line+1)
			row = nil
		}
		if row = bytes.TrimLeft(row, " \t"); len(row) > 0 && row[0] != '#' {
			empty = false
		}
		pos = end
	}
	finish(len(data), len(data), line)
	return out
}

func isMarker(row []byte, marker string) bool {
	return bytes.HasPrefix(row, []byte(marker)) && (len(row) == 3 || row[3] == ' ' || row[3] == '\t')
}

// parse reads the values of a chunk: one, unless it is a stream of JSON values.
func (c chunk) parse(each func(v value, values int)) error {
	body, line := c.data, c.line
	if bytes.HasPrefix(body, []byte("---")) {
		body = body[3:]
	}
	trimmed := bytes.TrimLeft(body, " \t\r\n")
	if len(trimmed) > 0 && trimmed[0] == '{' {
		line += bytes.Count(body[:len(body)-len(trimmed)], []byte("\n"))
		if raws, lines, ok := jsonStream(trimmed, line); ok {
			for i, raw := range raws {
				v, values, err := parseJSON(raw, lines[i])
				if err != nil {
					return err
				}
				each(v, values)
			}
			return nil
		}
	}
	if v, values, ok := parseBlocks(c.data, c.line); ok {
		each(v, values)
		return nil
	}
	v, values, err := parseYAML(c.data, c.line)
	if err != nil {
		return err
	}
	each(v, values)
	return nil
}

// jsonStream cuts a stream of JSON values. false: it is something else.
func jsonStream(data []byte, line int) (raws [][]byte, lines []int, ok bool) {
	dec := json.NewDecoder(bytes.NewReader(data))
	done := 0
	for {
		var raw json.RawMessage
		if err := dec.Decode(&raw); errors.Is(err, io.EOF) {
			return raws, lines, true
		} else if err != nil {
			return nil, nil, false
		}
		end := int(dec.InputOffset())
		start := end - len(raw)
		line += bytes.Count(data[done:start], []byte("\n"))
		raws, lines = append(raws, raw), append(lines, line)
		line += bytes.Count(raw, []byte("\n"))
		done = end
	}
}

// guess finds kind and name in the text of a document that cannot be parsed.
func (c chunk) guess() (kind, name string) {
	find := func(pattern string) string {
		m := regexp.MustCompile(pattern).FindSubmatch(c.data)
		if m == nil {
			return ""
		}
		return shorten(string(m[1]))
	}
	kind = find(`(?m)^kind:[ \t]*["']?([A-Za-z]+)`)
	name = find(`(?m)^metadata:[^\n]*\n(?:[ \t]+[^\n]*\n)*?[ \t]+name:[ \t]*["']?([A-Za-z0-9.-]+)`)
	if name == "" {
		name = find(`(?m)^metadata:[ \t]*\{[^}\n]*\bname:[ \t]*["']?([A-Za-z0-9.-]+)`)
	}
	return kind, name
}
