package sim

import "container/heap"

// schedule is a heap of the requests that are delayed, the one that is due
// first on top.
type schedule []*request

// next returns when the first request is due.
func (s schedule) next() int64 {
	if len(s) == 0 {
		return never
	}
	return s[0].due
}

func (s *schedule) push(r *request)   { heap.Push(s, r) }
func (s *schedule) pop() *request     { return heap.Pop(s).(*request) }
func (s *schedule) remove(r *request) { heap.Remove(s, r.index) }

func (s schedule) Len() int { return len(s) }

func (s schedule) Less(i, j int) bool {
	if s[i].due != s[j].due {
		return s[i].due < s[j].due
	}
	return s[i].seq < s[j].seq
}

func (s schedule) Swap(i, j int) {
	s[i], s[j] = s[j], s[i]
	s[i].index, s[j].index = i, j
}

// Push and Pop are for package heap.
func (s *schedule) Push(r any) {
	r.(*request).index = len(*s)
	*s = append(*s, r.(*request))
}

func (s *schedule) Pop() any {
	last := len(*s) - 1
	r := (*s)[last]
	(*s)[last] = nil
	*s = (*s)[:last]
	return r
}
