package allocator

import (
	"reflect"
	"sync"
)

// hasPointers remembers the answer for each type, as a bool.
var hasPointers sync.Map

// HasPointers reports whether a value of T contains pointers that the garbage
// collector follows. Storage for such a T must be typed Go memory, and is
// cleared when it is released. Ask once, in a constructor: an answer costs a
// map lookup.
func HasPointers[T any]() bool {
	t := reflect.TypeFor[T]()
	if v, ok := hasPointers.Load(t); ok {
		return v.(bool)
	}
	has := PointerPath(t) != ""
	hasPointers.Store(t, has)
	return has
}

// PointerPath returns the path from a value of type t to the first pointer in
// it, as one would write it in Go with the type in front, such as
// "main.Order.Items[0].Name (string)". It is empty if the type has no pointer.
func PointerPath(t reflect.Type) string {
	path, kind := pointerPath(t)
	if kind == nil {
		return ""
	}
	return t.String() + path + " (" + kind.String() + ")"
}

func pointerPath(t reflect.Type) (path string, kind reflect.Type) {
	switch t.Kind() {
	case reflect.Bool,
		reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr,
		reflect.Float32, reflect.Float64, reflect.Complex64, reflect.Complex128:
		return "", nil
	case reflect.Array:
		if t.Len() == 0 {
			return "", nil
		}
		path, kind = pointerPath(t.Elem())
		return "[0]" + path, kind
	case reflect.Struct:
		for i := range t.NumField() {
			f := t.Field(i)
			if path, kind = pointerPath(f.Type); kind != nil {
				return "." + f.Name + path, kind
			}
		}
		return "", nil
	}
	return "", t
}
