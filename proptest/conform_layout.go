package proptest

import (
	"bytes"
	"encoding/binary"
	"reflect"
	"unsafe"
)

// A layout tells where the values of a type have pointers and where plain
// bytes, so that storage for any T can be filled and checked without knowing
// T. The length of a string or slice belongs to neither. Padding is plain: it
// holds what its owner left in it, and no allocator may think otherwise.
type layout struct {
	size     uintptr
	plain    []span
	pointers []uintptr // where a pointer is that may point anywhere
	types    []uintptr // where the type word of an interface is, which stays nil
}

type span struct{ at, size uintptr }

func layoutOf[T any]() *layout {
	t := reflect.TypeFor[T]()
	l := &layout{size: t.Size()}
	l.add(t, 0)
	return l
}

const word = unsafe.Sizeof(uintptr(0))

func (l *layout) add(t reflect.Type, at uintptr) {
	switch t.Kind() {
	case reflect.Array:
		for i := range t.Len() {
			l.add(t.Elem(), at+uintptr(i)*t.Elem().Size())
		}
	case reflect.Struct:
		end := uintptr(0)
		for i := range t.NumField() {
			f := t.Field(i)
			l.addPlain(at+end, f.Offset-end)
			l.add(f.Type, at+f.Offset)
			end = f.Offset + f.Type.Size()
		}
		l.addPlain(at+end, t.Size()-end)
	case reflect.Pointer, reflect.UnsafePointer, reflect.Chan, reflect.Map, reflect.Func,
		reflect.String, reflect.Slice:
		l.pointers = append(l.pointers, at)
	case reflect.Interface:
		l.types = append(l.types, at)
		l.pointers = append(l.pointers, at+word)
	default:
		l.addPlain(at, t.Size())
	}
}

func (l *layout) addPlain(at, size uintptr) {
	if size == 0 {
		return
	}
	if last := len(l.plain) - 1; last >= 0 && l.plain[last].at+l.plain[last].size == at {
		l.plain[last].size += size
		return
	}
	l.plain = append(l.plain, span{at, size})
}

// A pointee is what the pointers of a block point to. It is large enough not to
// share its memory with another object on the Go heap.
type pointee struct{ _ [4]uint64 }

// fill writes a pattern to n values from start on, and the pointer p to each
// place for one.
func (l *layout) fill(start unsafe.Pointer, n int, seed uint64, p *pointee) {
	l.eachSpan(start, n, func(value int, piece []byte) bool {
		var pattern [8]byte
		binary.NativeEndian.PutUint64(pattern[:], patternOf(seed, value))
		repeat(piece, pattern[:])
		return true
	})
	l.eachPointer(start, n, func(_ int, place *unsafe.Pointer) bool {
		*place = unsafe.Pointer(p)
		return true
	})
}

// changed returns the first of n values that is not as fill left it. An
// address stands for the pointer, so that the caller keeps nothing alive.
func (l *layout) changed(start unsafe.Pointer, n int, seed uint64, p uintptr) (value int, is bool) {
	value = n
	l.eachSpan(start, n, func(v int, piece []byte) bool {
		var pattern [8]byte
		binary.NativeEndian.PutUint64(pattern[:], patternOf(seed, v))
		if !repeats(piece, pattern[:]) {
			value = v
		}
		return v < value
	})
	l.eachPointer(start, n, func(v int, place *unsafe.Pointer) bool {
		if uintptr(*place) != p && v < value {
			value = v
		}
		return v < value
	})
	return value, value < n
}

// nonZero returns the first of n values with a byte that is not zero.
func (l *layout) nonZero(start unsafe.Pointer, n int) (value int, is bool) {
	if l.size == 0 {
		return 0, false
	}
	for v := range n {
		if !repeats(unsafe.Slice((*byte)(unsafe.Add(start, uintptr(v)*l.size)), l.size), []byte{0}) {
			return v, true
		}
	}
	return 0, false
}

// stale returns the first of n values with a pointer that is not nil.
func (l *layout) stale(start unsafe.Pointer, n int) (value int, is bool) {
	return l.strange(start, n, 0)
}

// strange returns the first of n values with a pointer that is neither nil nor p.
func (l *layout) strange(start unsafe.Pointer, n int, p uintptr) (value int, is bool) {
	value = n
	look := func(v int, place *unsafe.Pointer) bool {
		if *place != nil && uintptr(*place) != p {
			value = min(v, value)
		}
		return v < value
	}
	l.eachPointer(start, n, look)
	each(l.types, start, n, l.size, look)
	return value, value < n
}

// spoil overwrites the plain bytes of n values with one byte.
func (l *layout) spoil(start unsafe.Pointer, n int, with byte) {
	l.eachRun(start, n, func(piece []byte) bool {
		repeat(piece, []byte{with})
		return true
	})
}

// spoiled reports whether all plain bytes of n values are as spoil left them
// and all pointers are nil.
func (l *layout) spoiled(start unsafe.Pointer, n int, with byte) bool {
	whole := true
	l.eachRun(start, n, func(piece []byte) bool {
		whole = repeats(piece, []byte{with})
		return whole
	})
	_, stale := l.stale(start, n)
	return whole && !stale
}

// repeat fills s with a pattern. It does so by copying, which is one event to
// the race detector, not one a byte.
func repeat(s, pattern []byte) {
	for done := copy(s, pattern); done < len(s); {
		done += copy(s[done:], s[:done])
	}
}

// repeats reports whether repeat left s as it is.
func repeats(s, pattern []byte) bool {
	n := min(len(s), len(pattern))
	return bytes.Equal(s[:n], pattern[:n]) && bytes.Equal(s[n:], s[:len(s)-n])
}

func (l *layout) eachSpan(start unsafe.Pointer, n int, visit func(value int, piece []byte) bool) {
	if len(l.plain) == 0 {
		return
	}
	for v := range n {
		for _, s := range l.plain {
			if !visit(v, unsafe.Slice((*byte)(unsafe.Add(start, uintptr(v)*l.size+s.at)), s.size)) {
				return
			}
		}
	}
}

// eachRun visits the plain bytes in as few pieces as possible.
func (l *layout) eachRun(start unsafe.Pointer, n int, visit func(piece []byte) bool) {
	if n != 0 && len(l.plain) == 1 && l.plain[0].size == l.size {
		visit(unsafe.Slice((*byte)(start), uintptr(n)*l.size))
		return
	}
	l.eachSpan(start, n, func(_ int, piece []byte) bool { return visit(piece) })
}

func (l *layout) eachPointer(start unsafe.Pointer, n int, visit func(value int, place *unsafe.Pointer) bool) {
	each(l.pointers, start, n, l.size, visit)
}

func each(places []uintptr, start unsafe.Pointer, n int, size uintptr, visit func(value int, place *unsafe.Pointer) bool) {
	if len(places) == 0 {
		return
	}
	for v := range n {
		for _, at := range places {
			if !visit(v, (*unsafe.Pointer)(unsafe.Add(start, uintptr(v)*size+at))) {
				return
			}
		}
	}
}

// patternOf depends on seed and value in every byte; the lowest is not zero.
func patternOf(seed uint64, value int) uint64 {
	// The mixing steps of splitmix64.
	z := seed*0x9e3779b97f4a7c15 + uint64(value)*0xd1342543de82ef95
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	z ^= z >> 31
	if byte(z) == 0 {
		z++
	}
	return z
}
