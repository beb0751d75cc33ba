package server

import (
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/sim"
)

var seeds = flag.Uint64("http.seeds", 10, "how many storms TestStorm goes through")

// In any weather the answers that a client gets are those to its requests, in order: all
// of them if the connection does not fail.
func TestStorm(t *testing.T) {
	weather := sim.Stormy()
	weather.Reset, weather.NoBuffers, weather.Refuse = 0, 0, 0
	storm(t, weather, func(seed uint64, got, want string, err error) {
		if got != want || err != io.EOF {
			t.Errorf("seed %d: %s, %v", seed, difference(got, want), err)
		}
	})
}

// If it does, they are the first of them, and perhaps a part of the next, or a word about
// a request of which the rest is missing.
func TestStormBreaks(t *testing.T) {
	weather := sim.Stormy()
	weather.Reset *= 8 // a conversation is long
	weather.NoBuffers *= 8
	complete, cut := 0, 0
	storm(t, weather, func(seed uint64, got, want string, err error) {
		got, _, _ = strings.Cut(got, "HTTP/1.1 408 ")
		switch {
		case got == want:
			complete++
		case strings.HasPrefix(want, got):
			cut++
		default:
			t.Errorf("seed %d: %s, %v", seed, difference(got, want), err)
		}
	})
	if complete == 0 || cut == 0 {
		t.Errorf("%d conversations were complete, and %d not", complete, cut)
	}
}

// storm has clients converse, and judges what they get and why it ended.
func storm(t *testing.T, weather sim.Weather, judge func(seed uint64, got, want string, err error)) {
	for seed := range *seeds {
		w := newWorld(t, sim.Seeded(seed), weather)
		random := rand.New(rand.NewPCG(seed, 1))
		clients := make([]func(co *platform.Co) error, 8)
		for i := range clients {
			clients[i] = func(co *platform.Co) error {
				for range 3 {
					send, want := conversation(random)
					got, err := w.talk(co, random, send)
					judge(seed, undated(got), want, err)
				}
				return nil
			}
		}
		w.run(clients...)
	}
}

// difference says where what has come differs from what should.
func difference(got, want string) string {
	i := 0
	for i < len(got) && i < len(want) && got[i] == want[i] {
		i++
	}
	return fmt.Sprintf("at byte %d of %d the answer is %.100q, want %.100q", i, len(want), got[i:], want[i:])
}

// conversation returns requests, of which the last closes, and their answers.
func conversation(random *rand.Rand) (send, want string) {
	add := func(request, head, body string) {
		send += request
		want += head
		if strings.Contains(request, "close") {
			want += "Connection: close\r\n"
		}
		want += fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body)
	}
	const ok = "HTTP/1.1 200 OK\r\nDate\r\n"
	for range random.IntN(12) {
		switch body := strings.Repeat("xyz", random.IntN(2000)); random.IntN(5) {
		case 0:
			add(postEcho+fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body), ok, body)
		case 1:
			request := postEcho + "Transfer-Encoding: chunked\r\n\r\n"
			for rest := body; ; {
				n := min(len(rest), 1+random.IntN(500))
				request += fmt.Sprintf("%x\r\n%s\r\n", n, rest[:n])
				if n == 0 {
					break
				}
				rest = rest[n:]
			}
			add(request, ok, body)
		case 2:
			add("GET /missing"+hostLine+"\r\n", "HTTP/1.1 404 Not Found\r\nDate\r\n", "nothing")
		default:
			add(getRoot, ok+"Content-Type: text/plain\r\n", "hello")
		}
	}
	add(lastGet, ok+"Content-Type: text/plain\r\n", "hello")
	return send, want
}

// undated has the dates be the same.
func undated(answer string) string {
	var b strings.Builder
	for {
		i := strings.Index(answer, "\r\nDate: ")
		if i < 0 || len(answer) < i+len("\r\nDate: ")+29 {
			break
		}
		b.WriteString(answer[:i] + "\r\nDate")
		answer = answer[i+len("\r\nDate: ")+29:]
	}
	if i := strings.Index(answer, "\r\nDate:"); i >= 0 { // cut off in the midst of it
		answer = answer[:i] + "\r\nDate"
	}
	return b.String() + answer
}

// talk sends pieces while it reads, and returns what has come and why it ended.
func (w *world) talk(co *platform.Co, random *rand.Rand, send string) (string, error) {
	c, err := w.connect(co)
	if err != nil {
		return "", err
	}
	defer c.Close()
	w.p.Spawn(ops.HandlerFunc(func(int, error) {}), func(co *platform.Co) error {
		for rest := send; rest != ""; {
			n := min(len(rest), 1+random.IntN(3000))
			if _, err := co.Write(c, []byte(rest[:n])); err != nil {
				return err
			}
			rest = rest[n:]
			if random.IntN(8) == 0 {
				co.Sleep(time.Duration(random.IntN(100)) * time.Millisecond)
			}
		}
		return nil
	})
	var answer strings.Builder
	for buf := make([]byte, 100+random.IntN(10_000)); ; {
		n, err := co.Read(c, buf)
		answer.Write(buf[:n])
		if err != nil {
			return answer.String(), err
		}
	}
}
