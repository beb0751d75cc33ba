package platform

import "testing"

// panickingCond is a condition of a simulation in which nothing can happen any more.
type panickingCond struct{}

func (panickingCond) Wait()      { panic("deadlock") }
func (panickingCond) Signal()    {}
func (panickingCond) Broadcast() {}

// A runner that panics while it waits for another is not taken for one that waits.
func TestIdleRunnerPanics(t *testing.T) {
	p := &Proactor{more: panickingCond{}}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("there is no panic")
			}
		}()
		p.waitIdly()
	}()
	if p.idle != 0 {
		t.Errorf("%d runners are idle, of which there are none", p.idle)
	}
}
