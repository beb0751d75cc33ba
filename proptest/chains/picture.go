package chains

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// keepPicture draws the run that has failed, if one has, in a file that is there
// after the test, and says which: an artifact of the test if go test is to keep
// those, and a temporary file otherwise.
func keepPicture(t testing.TB, failed **Report) {
	t.Helper()
	r := *failed
	if r == nil {
		return
	}
	var picture bytes.Buffer
	title := fmt.Sprintf("%s: %s", t.Name(), r.Violations[0].Kind())
	err := r.Timeline.WriteSVG(&picture, title)
	file := ""
	if err == nil {
		file, err = keepFile(t, picture.Bytes())
	}
	if err != nil {
		t.Logf("there is no picture of the run: %v", err)
		return
	}
	t.Logf("picture of the run: %s", file)
}

func keepFile(t testing.TB, data []byte) (name string, err error) {
	if f := flag.Lookup("test.artifacts"); f != nil && f.Value.String() == "true" {
		name = filepath.Join(t.ArtifactDir(), "timeline.svg")
		return name, os.WriteFile(name, data, 0o644)
	}
	f, err := os.CreateTemp("", plainName(t.Name())+"-*.svg")
	if err != nil {
		return "", err
	}
	_, err = f.Write(data)
	if failed := f.Close(); err == nil {
		err = failed
	}
	return f.Name(), err
}

// plainName makes a file name of the name of a test.
func plainName(test string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '_':
			return r
		}
		return '_'
	}, test)
}
