package inspect

import (
	"reflect"
	"slices"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
)

// A composition is an allocator with its name on the page.
type composition struct {
	name string
	tree *layer
}

// A layer is one allocator of a composition, over its parents. The layers are found once;
// read reads what they have counted.
type layer struct {
	// Expression is what String spells, of the outermost layer.
	Expression string `json:"expression,omitempty"`

	Name      string   `json:"name"`
	Arguments []string `json:"arguments,omitempty"` // those that are not parents

	// Times is how many parents of the layer above are spelled like this one, if
	// there are several in a row that do not count.
	Times int `json:"times,omitempty"`

	// Repeated is set if the layer, which is a parent of several others, appears
	// earlier in the tree. Its parents are there.
	Repeated bool `json:"repeated,omitempty"`

	Counts   *combinators.Counts `json:"counts,omitempty"`
	Requests *int64              `json:"requests,omitempty"`  // served or refused, where it is counted
	PassedOn *int64              `json:"passed_on,omitempty"` // requests to the parents, where all of them count for this layer only

	Parents []*layer `json:"parents,omitempty"`

	counter counter
	shared  bool // it is a parent of several, so its counts do not tell what each asked for
	text    string
}

// A counter is a layer that counts, as combinators.Stats does. Any goroutine may call
// it at any time.
type counter interface{ Counts() combinators.Counts }

// newLayer reads how an allocator is composed.
func newLayer(a any) *layer {
	l := met{}.layer(allocator.Describe(a), a)
	l.Expression = l.text
	return l
}

// met holds the layers of the allocators that were met, as far as these are pointers.
type met map[any]*layer

// layer returns the layer that is spelled as text. Its allocator is nil if nothing leads
// to it: then the text is all that there is.
func (m met) layer(text string, a any) *layer {
	e := parse(text)
	l := &layer{Name: e.name, text: text}
	l.counter, _ = a.(counter)
	if a != nil && reflect.TypeOf(a).Kind() == reflect.Pointer {
		if first := m[a]; first != nil {
			l.Repeated, l.shared, first.shared = true, true, true
			l.Arguments = slices.DeleteFunc(e.arguments, isAllocator)
			return l
		}
		m[a] = l
	}
	var parents []any
	if c, ok := a.(allocator.Composite); ok {
		parents = c.Parents()
	}
	isNext := func(argument string) bool {
		return len(parents) != 0 && allocator.Describe(parents[0]) == argument
	}
	for i, argument := range e.arguments {
		switch {
		case isNext(argument):
			l.add(m.layer(argument, parents[0]))
			parents = parents[1:]
		case isAllocator(argument):
			l.add(m.layer(argument, nil))
		default:
			l.Arguments = append(l.Arguments, argument)
		}
		// Buckets spells those that are alike once.
		for isNext(argument) && !slices.Contains(e.arguments[i+1:], argument) {
			l.add(m.layer(argument, parents[0]))
			parents = parents[1:]
		}
	}
	for _, p := range parents { // that String does not tell
		l.add(m.layer(allocator.Describe(p), p))
	}
	return l
}

func (l *layer) add(parent *layer) {
	if last := len(l.Parents) - 1; last >= 0 && parent.isLike(l.Parents[last]) {
		l.Parents[last].Times = max(l.Parents[last].Times, 1) + 1
		return
	}
	l.Parents = append(l.Parents, parent)
}

// isLike reports whether the layer looks like another one, and always will.
func (l *layer) isLike(o *layer) bool {
	return l.text == o.text && !l.counts() && !o.counts() && !l.Repeated && !o.Repeated
}

// counts reports whether the layer or one below it counts.
func (l *layer) counts() bool {
	for _, p := range l.Parents {
		if p.counts() {
			return true
		}
	}
	return l.counter != nil
}

// read returns a copy with what is counted at present.
func (l *layer) read() *layer {
	now := *l
	if l.counter != nil {
		c := l.counter.Counts()
		requests := c.Total + c.Failures
		now.Counts, now.Requests = &c, &requests
	}
	now.Parents = make([]*layer, len(l.Parents))
	passed, counted := int64(0), len(l.Parents) != 0
	for i, p := range l.Parents {
		now.Parents[i] = p.read()
		if counted = counted && now.Parents[i].Requests != nil && !p.shared; counted {
			passed += *now.Parents[i].Requests
		}
	}
	if counted {
		now.PassedOn = &passed
	}
	return &now
}
