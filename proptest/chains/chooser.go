package chains

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math/rand/v2"

	"pgregory.net/rapid"

	"github.com/heirloom-go/heirloom/platform/sim"
)

// A Chooser makes every choice that a program is drawn from. It has the method of
// sim.Chooser, so one value can be both.
type Chooser interface {
	// Choose returns a number from 0 to n-1; n is at least 1. The text what names
	// the choice for those who read or count choices. The simplest choice is always
	// 0.
	Choose(n int, what string) int
}

// Seed returns a chooser that makes random choices, the same ones for the same
// seed.
func Seed(seed uint64) Chooser { return seeded{rand.New(rand.NewPCG(seed, 0))} }

type seeded struct{ rand *rand.Rand }

func (s seeded) Choose(n int, _ string) int { return s.rand.IntN(n) }

// Rapid returns a chooser that lets package rapid choose, so that what is drawn
// shrinks to something simple when it fails.
func Rapid(t *rapid.T) Chooser { return byRapid{t} }

type byRapid struct{ t *rapid.T }

func (d byRapid) Choose(n int, what string) int { return rapid.IntRange(0, n-1).Draw(d.t, what) }

// Replay returns a chooser that makes the choices of a token, which a failure
// prints. Beyond the end of the token it chooses 0. The token of a failure that was
// made smaller contains the program itself, which [Draw] then returns. Replay fails
// if the token is malformed.
func Replay(token string) (Chooser, error) {
	r, err := replay(token)
	if err != nil {
		return nil, fmt.Errorf("chains: replay %q: %w", token, err)
	}
	return r, nil
}

type replayed struct{ made []uint64 }

func (r *replayed) Choose(n int, _ string) int {
	if len(r.made) == 0 {
		return 0
	}
	v := r.made[0]
	r.made = r.made[1:]
	return int(v % uint64(n))
}

// recording is a chooser that remembers what another one chose.
type recording struct {
	Chooser
	made []byte
}

func (r *recording) Choose(n int, what string) int {
	v := r.Chooser.Choose(n, what)
	r.made = binary.AppendUvarint(r.made, uint64(v))
	return v
}

// Next implements sim.Scheduler: what is below may be one.
func (r *recording) Next(events []uint64) int {
	s, ok := r.Chooser.(sim.Scheduler)
	if !ok {
		if len(events) == 1 {
			return 0
		}
		return r.Choose(len(events), whatOf(events))
	}
	v := s.Next(events)
	if len(events) > 1 {
		r.made = binary.AppendUvarint(r.made, uint64(v))
	}
	return v
}

// whatOf names the question of which event happens, as package sim does for a Chooser.
func whatOf(events []uint64) string {
	if events[0] >= sim.Turn {
		return "who goes on"
	}
	return "what happens next"
}

// Touch implements sim.Scheduler.
func (r *recording) Touch(kind string, number int) {
	if s, ok := r.Chooser.(sim.Scheduler); ok {
		s.Touch(kind, number)
	}
}

// answers returns the choices so far, from the given byte on.
func (r *recording) answers(from int) []uint64 {
	made, err := decodeAnswers(r.made[from:])
	if err != nil {
		panic(err) // they were encoded here
	}
	return made
}

// token returns the choices so far in the form that Replay takes.
func (r *recording) token() string { return base64.RawURLEncoding.EncodeToString(r.made) }
