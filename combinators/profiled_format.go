package combinators

import (
	"compress/gzip"
	"io"
	"math"
	"path"
	"reflect"
	"runtime"
	"strings"
	"time"
)

// The format of go tool pprof is a protocol buffer, compressed by gzip:
// github.com/google/pprof/blob/main/proto/profile.proto. The numbers of its
// fields that a [Profiled] needs:
const (
	profileSampleType        = 1
	profileSample            = 2
	profileLocation          = 4
	profileFunction          = 5
	profileStringTable       = 6
	profileTimeNanos         = 9
	profilePeriodType        = 11
	profilePeriod            = 12
	profileDefaultSampleType = 14

	valueTypeType = 1
	valueTypeUnit = 2

	sampleLocationID = 1
	sampleValue      = 2

	locationID   = 1
	locationLine = 4

	lineFunctionID = 1
	lineLine       = 2

	functionID         = 1
	functionName       = 2
	functionSystemName = 3
	functionFilename   = 4
)

// writeProfile writes a profile of the sites.
func writeProfile(w io.Writer, all []site, rate int64) (int64, error) {
	p := profileWriter{
		strings:   map[string]uint64{},
		functions: map[string]uint64{},
		locations: map[location]uint64{},
	}
	p.string("") // number 0, as the format wants it
	p.valueType(profileSampleType, "alloc_objects", "count")
	p.valueType(profileSampleType, "alloc_space", "bytes")
	p.valueType(profileSampleType, "inuse_objects", "count")
	p.valueType(profileSampleType, "inuse_space", "bytes")
	p.valueType(profilePeriodType, "space", "bytes")
	p.number(profilePeriod, uint64(max(rate, 0)))
	p.number(profileTimeNanos, uint64(time.Now().UnixNano()))
	p.number(profileDefaultSampleType, p.string("inuse_space"))
	for i := range all {
		p.site(&all[i])
	}
	counted := &countingWriter{w: w}
	compressed := gzip.NewWriter(counted)
	compressed.Write(p.message) // Close returns its error, too
	err := compressed.Close()
	return counted.n, err
}

// A profileWriter writes a profile, in which strings, functions and locations
// have numbers.
type profileWriter struct {
	message
	strings   map[string]uint64
	functions map[string]uint64
	locations map[location]uint64
}

// A location is a line of the program.
type location struct {
	function string
	file     string
	line     int
}

func (p *profileWriter) string(s string) uint64 {
	n, ok := p.strings[s]
	if !ok {
		n = uint64(len(p.strings))
		p.strings[s] = n
		p.bytes(profileStringTable, []byte(s))
	}
	return n
}

func (p *profileWriter) valueType(field int, name, unit string) {
	var m message
	m.number(valueTypeType, p.string(name))
	m.number(valueTypeUnit, p.string(unit))
	p.bytes(field, m)
}

func (p *profileWriter) site(s *site) {
	var ids, values, m message
	for _, l := range s.stack.locations() {
		ids.varint(p.location(l))
	}
	for _, v := range []float64{s.blocks, s.bytes, s.inUse, s.inBytes} {
		values.varint(uint64(math.Round(v)))
	}
	m.bytes(sampleLocationID, ids)
	m.bytes(sampleValue, values)
	p.bytes(profileSample, m)
}

func (p *profileWriter) location(l location) uint64 {
	if id, ok := p.locations[l]; ok {
		return id
	}
	id := uint64(len(p.locations) + 1)
	p.locations[l] = id
	var line, m message
	line.number(lineFunctionID, p.function(l))
	line.number(lineLine, uint64(l.line))
	m.number(locationID, id)
	m.bytes(locationLine, line)
	p.bytes(profileLocation, m)
	return id
}

func (p *profileWriter) function(l location) uint64 {
	if id, ok := p.functions[l.function]; ok {
		return id
	}
	id := uint64(len(p.functions) + 1)
	p.functions[l.function] = id
	var m message
	m.number(functionID, id)
	m.number(functionName, p.string(l.function))
	m.number(functionSystemName, p.string(l.function))
	m.number(functionFilename, p.string(l.file))
	p.bytes(profileFunction, m)
	return id
}

// ownPackages are those whose frames are not the place that asks for a block.
var ownPackages = func() [2]string {
	here := reflect.TypeFor[site]().PkgPath()
	return [2]string{here + ".", path.Dir(here) + "/allocator."}
}()

// locations returns the lines of a call stack, from the innermost call outwards.
// It leaves out the calls of combinators at the inner end, and those of the runtime
// at the outer one.
func (c *callers) locations() []location {
	var all []location
	frames := runtime.CallersFrames(c.known())
	for more := true; more; { // a stack has at least the one that asks
		var f runtime.Frame
		f, more = frames.Next()
		own := strings.HasPrefix(f.Function, ownPackages[0]) || strings.HasPrefix(f.Function, ownPackages[1])
		if own && len(all) == 0 || strings.HasPrefix(f.Function, "runtime.") {
			continue
		}
		all = append(all, location{f.Function, f.File, f.Line})
	}
	return all
}

// A message is a protocol buffer that is being written.
type message []byte

func (m *message) varint(x uint64) {
	for ; x >= 0x80; x >>= 7 {
		*m = append(*m, byte(x)|0x80)
	}
	*m = append(*m, byte(x))
}

func (m *message) number(field int, x uint64) {
	m.varint(uint64(field) << 3)
	m.varint(x)
}

// bytes writes a field that is a string, a message or a row of numbers.
func (m *message) bytes(field int, data []byte) {
	m.varint(uint64(field)<<3 | 2)
	m.varint(uint64(len(data)))
	*m = append(*m, data...)
}

// A countingWriter counts what is written.
type countingWriter struct {
	w io.Writer
	n int64
}

func (c *countingWriter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += int64(n)
	return n, err
}
