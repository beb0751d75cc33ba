package portable

import (
	"os"
	"sync"
)

// A closeGuard keeps a file from being closed during a call. The ReadAt and WriteAt of
// os.File take two locks on Windows, and do not give the first one back if the file is
// closed in between; Close waits for that without end. (It waits for calls in any case.)
type closeGuard struct{ mu sync.RWMutex }

func (g *closeGuard) enter() { g.mu.RLock() }
func (g *closeGuard) leave() { g.mu.RUnlock() }

func (g *closeGuard) close(f *os.File) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return f.Close()
}
