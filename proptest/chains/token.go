package chains

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"strings"
)

// A token replays a failure. It has the answers by which a program was drawn and those that
// its world got; or, after a sign, a program that was made smaller, and its world.

const programSign = "~"

// A smallFailure is what the second kind of token has in it.
type smallFailure struct {
	Program Program
	World   []uint64 `json:",omitempty"` // see trial
}

// tokenOf returns the token of a program and the answers of its world.
func tokenOf(p Program, world []uint64) string {
	text, err := json.Marshal(smallFailure{p, world})
	if err != nil {
		panic(err) // it is plain data
	}
	var all any
	plain := json.NewDecoder(bytes.NewReader(text))
	plain.UseNumber() // a seed may be more than a float64 can tell from others
	if err := plain.Decode(&all); err != nil {
		panic(err)
	}
	if text, err = json.Marshal(withoutZeros(all)); err != nil {
		panic(err)
	}
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		panic(err)
	}
	w.Write(text) // into memory
	w.Close()
	return programSign + base64.RawURLEncoding.EncodeToString(b.Bytes())
}

// withoutZeros leaves out the fields that are zero, as most are.
func withoutZeros(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, field := range v {
			switch field = withoutZeros(field); field {
			case nil, false, json.Number("0"), "":
				delete(v, name)
			default:
				v[name] = field
			}
		}
	case []any:
		for i := range v {
			v[i] = withoutZeros(v[i])
		}
	}
	return v
}

// replay returns the chooser of a token.
func replay(token string) (Chooser, error) {
	rest, small := strings.CutPrefix(token, programSign)
	b, err := base64.RawURLEncoding.DecodeString(rest)
	if err != nil {
		return nil, err
	}
	if !small {
		made, err := decodeAnswers(b)
		return &replayed{made}, err
	}
	text, err := io.ReadAll(flate.NewReader(bytes.NewReader(b)))
	if err != nil {
		return nil, err
	}
	var f smallFailure
	if err := json.Unmarshal(text, &f); err != nil {
		return nil, err
	}
	if err := f.Program.check(); err != nil {
		return nil, err
	}
	f.Program.token = token
	return &programmed{replayed{f.World}, f.Program}, nil
}

var errCutShort = errors.New("it is cut short")

func decodeAnswers(b []byte) (made []uint64, err error) {
	for len(b) > 0 {
		v, n := binary.Uvarint(b)
		if n <= 0 {
			return nil, errCutShort
		}
		made = append(made, v)
		b = b[n:]
	}
	return made, nil
}

// A programmed chooser has the program that is to be drawn, and the answers for its world.
type programmed struct {
	replayed
	program Program
}

// worldOf returns the seed of the world that a chooser has behind its program, or 0.
func worldOf(c Chooser) uint64 {
	if c, ok := c.(*programmed); ok && len(c.made) > 0 {
		return c.made[0]
	}
	return 0
}

// programOf returns the program that a chooser has, if it has one.
func programOf(c Chooser) (Program, bool) {
	switch c := c.(type) {
	case *programmed:
		return c.program, true
	case *recording:
		return programOf(c.Chooser)
	}
	return Program{}, false
}
