package rule

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// node is a piece of YAML with the line it stands on.
type node struct {
	kind nodeKind
	line int
	text string // of a scalar, as Sigma compares it
	keys []pair
	list []*node
}

type pair struct {
	key   string
	line  int
	value *node
}

type nodeKind uint8

const (
	nullNode nodeKind = iota
	textNode
	numberNode
	boolNode
	mapNode
	listNode
)

// mistake is an error at a line.
type mistake struct {
	line   int
	reason string
}

func (m *mistake) Error() string { return m.reason }

func wrong(line int, format string, args ...any) error {
	return &mistake{line, fmt.Sprintf(format, args...)}
}

// get gives the value of a key of a map; nil when there is none.
func (n *node) get(key string) *node {
	if n == nil {
		return nil
	}
	for i := range n.keys {
		if n.keys[i].key == key {
			return n.keys[i].value
		}
	}
	return nil
}

// scalar is the text of a scalar; "" for what is none.
func (n *node) scalar() string {
	if n == nil {
		return ""
	}
	return n.text
}

// scalars gives the texts of a list of scalars, or of one scalar.
func (n *node) scalars() []string {
	switch {
	case n == nil || n.kind == nullNode:
		return nil
	case n.kind == listNode:
		var all []string
		for _, item := range n.list {
			if item.text != "" {
				all = append(all, item.text)
			}
		}
		return all
	case n.text == "":
		return nil
	}
	return []string{n.text}
}

// maxDepth and maxNodes bound what one file may hold, aliases followed.
const (
	maxDepth = 64
	maxNodes = 1 << 20
)

// reader turns the syntax tree of one file into nodes.
type reader struct {
	anchors map[string]ast.Node
	left    int
}

// parse reads the documents of a file.
func parse(text []byte) ([]*node, error) {
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		var yamlError yaml.Error
		if errors.As(err, &yamlError) && yamlError.GetToken() != nil {
			return nil, wrong(yamlError.GetToken().Position.Line, "no YAML: %s", yamlError.GetMessage())
		}
		return nil, wrong(1, "no YAML: %s", strings.SplitN(err.Error(), "\n", 2)[0])
	}
	var all []*node
	left := maxNodes
	for _, d := range file.Docs {
		if d.Body == nil {
			continue
		}
		r := reader{anchors: map[string]ast.Node{}, left: left}
		n, err := r.read(d.Body, 0)
		if err != nil {
			return nil, err
		}
		left = r.left
		if n.kind != nullNode {
			all = append(all, n)
		}
	}
	return all, nil
}

func lineOf(n ast.Node) int {
	if t := n.GetToken(); t != nil && t.Position != nil {
		return t.Position.Line
	}
	return 1
}

func (r *reader) read(from ast.Node, depth int) (*node, error) {
	if r.left--; depth > maxDepth || r.left < 0 {
		return nil, wrong(lineOf(from), "too deep or too large")
	}
	n := &node{line: lineOf(from)}
	switch v := from.(type) {
	case *ast.NullNode:
		n.kind = nullNode
	case *ast.StringNode:
		n.kind, n.text = textNode, v.Value
	case *ast.LiteralNode:
		n.kind, n.text = textNode, v.Value.Value
	case *ast.IntegerNode:
		n.kind, n.text = numberNode, fmt.Sprint(v.Value)
	case *ast.FloatNode:
		n.kind, n.text = numberNode, strings.TrimSpace(v.Token.Value)
	case *ast.BoolNode:
		n.kind, n.text = boolNode, strconv.FormatBool(v.Value)
	case *ast.TagNode:
		return r.read(v.Value, depth+1)
	case *ast.AnchorNode:
		r.anchors[v.Name.String()] = v.Value
		return r.read(v.Value, depth+1)
	case *ast.AliasNode:
		target := r.anchors[v.Value.String()]
		if target == nil {
			return nil, wrong(n.line, "no anchor %q", v.Value.String())
		}
		return r.read(target, depth+1)
	case *ast.MappingNode:
		n.kind = mapNode
		for _, entry := range v.Values {
			if err := r.entry(n, entry, depth); err != nil {
				return nil, err
			}
		}
	case *ast.MappingValueNode:
		n.kind = mapNode
		return n, r.entry(n, v, depth)
	case *ast.SequenceNode:
		n.kind = listNode
		for _, item := range v.Values {
			child, err := r.read(item, depth+1)
			if err != nil {
				return nil, err
			}
			n.list = append(n.list, child)
		}
	default: // .inf and .nan among them
		n.kind, n.text = textNode, from.String()
	}
	return n, nil
}

func (r *reader) entry(to *node, entry *ast.MappingValueNode, depth int) error {
	key, err := r.read(keyOf(entry.Key), depth+1)
	if err != nil {
		return err
	}
	if key.kind == mapNode || key.kind == listNode {
		return wrong(key.line, "a key that is no scalar")
	}
	value, err := r.read(entry.Value, depth+1)
	if err != nil {
		return err
	}
	to.keys = append(to.keys, pair{key.text, key.line, value})
	return nil
}

func keyOf(k ast.MapKeyNode) ast.Node {
	if explicit, ok := k.(*ast.MappingKeyNode); ok {
		return explicit.Value
	}
	return k
}
