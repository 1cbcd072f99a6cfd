package rule

import "strings"

// condition reads the condition of a detection. Or binds weaker than and, and weaker
// than not.
type condition struct {
	line   int
	words  []string
	at     int
	depth  int
	named  map[string]*expr
	sorted []string // names in the order of the file
}

func (c *condition) read(text string) (*expr, error) {
	if strings.Contains(text, "|") {
		return nil, wrong(c.line, "aggregation in a condition is not in the specification any more: use a correlation rule")
	}
	c.words = strings.Fields(strings.NewReplacer("(", " ( ", ")", " ) ").Replace(text))
	c.at = 0
	if len(c.words) == 0 {
		return nil, wrong(c.line, "the condition is empty")
	}
	e, err := c.or()
	if err != nil {
		return nil, err
	}
	if c.at < len(c.words) {
		return nil, wrong(c.line, "condition: %q is one too many", c.words[c.at])
	}
	return e, nil
}

func (c *condition) peek() string {
	if c.at < len(c.words) {
		return c.words[c.at]
	}
	return ""
}

func (c *condition) keyword(k string) bool {
	if strings.EqualFold(c.peek(), k) {
		c.at++
		return true
	}
	return false
}

func (c *condition) or() (*expr, error)  { return c.chain("or", opOr, c.and) }
func (c *condition) and() (*expr, error) { return c.chain("and", opAnd, c.not) }

func (c *condition) chain(word string, o op, operand func() (*expr, error)) (*expr, error) {
	var kids []*expr
	for {
		e, err := operand()
		if err != nil {
			return nil, err
		}
		if kids = append(kids, e); !c.keyword(word) {
			return group(o, kids), nil
		}
	}
}

func (c *condition) not() (*expr, error) {
	if c.depth++; c.depth > maxDepth {
		return nil, wrong(c.line, "the condition is too deep")
	}
	defer func() { c.depth-- }()
	if c.keyword("not") {
		e, err := c.not()
		if err != nil {
			return nil, err
		}
		return not(e), nil
	}
	return c.operand()
}

func (c *condition) operand() (*expr, error) {
	word := c.peek()
	c.at++
	switch {
	case word == "":
		return nil, wrong(c.line, "the condition ends too early")
	case word == "(":
		e, err := c.or()
		if err == nil && !c.keyword(")") {
			err = wrong(c.line, "the condition has no %q", ")")
		}
		return e, err
	case strings.EqualFold(c.peek(), "of") && c.named[word] == nil:
		c.at++
		return c.quantified(word)
	}
	e := c.named[word]
	if e == nil {
		return nil, wrong(c.line, "the condition asks for %q, which there is not", word)
	}
	return e, nil
}

// quantified reads what follows "1 of", "any of", "all of".
func (c *condition) quantified(quantity string) (*expr, error) {
	o := opOr
	switch strings.ToLower(quantity) {
	case "1", "any":
	case "all":
		o = opAnd
	default:
		return nil, wrong(c.line, "condition: %q of is none of 1, any, all", quantity)
	}
	wanted := c.peek()
	c.at++
	var kids []*expr
	for _, name := range c.sorted {
		ok := false
		if strings.EqualFold(wanted, "them") {
			ok = !strings.HasPrefix(name, "_")
		} else {
			ok = starred(wanted, name)
		}
		if ok {
			kids = append(kids, c.named[name])
		}
	}
	if len(kids) == 0 {
		return nil, wrong(c.line, "the condition asks for %s of %q, which there is not", quantity, wanted)
	}
	return group(o, kids), nil
}

// starred tells whether a name is one that a pattern with stars means.
func starred(pattern, name string) bool {
	head, rest, star := strings.Cut(pattern, "*")
	if !star {
		return pattern == name
	}
	if !strings.HasPrefix(name, head) {
		return false
	}
	for name = name[len(head):]; ; name = name[1:] {
		if starred(rest, name) {
			return true
		}
		if name == "" {
			return false
		}
	}
}
