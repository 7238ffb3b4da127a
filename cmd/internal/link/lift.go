package link

import "bytes"

// Lift takes the value of the member inner of the member outer out of the JSON object raw, in whose copy rest null stands
// for it. ok is false, and there is nothing to take, unless each of the two names stands there once: encoding/json takes
// other spellings of a name for the same, and which of several counts is then for it to say. raw must be valid.
func Lift(raw []byte, outer, inner string) (rest, value []byte, ok bool) {
	object, ok := only(raw, outer)
	if !ok {
		return nil, nil, false
	}
	value, ok = only(object, inner)
	if !ok {
		return nil, nil, false
	}
	start := cap(raw) - cap(value) // both share one array to its end
	rest = append(make([]byte, 0, len(raw)-len(value)+len(null)), raw[:start]...)
	rest = append(append(rest, null...), raw[start+len(value):]...)
	return rest, value, true
}

const null = "null"

// only returns the value of the one member of the object raw with a name that could be meant by name.
func only(raw []byte, name string) (value []byte, ok bool) {
	i := skipSpace(raw, 0)
	if i >= len(raw) || raw[i] != '{' {
		return nil, false
	}
	doubtful := false
	end := skipMembers(raw, i, 1, func(key, v []byte) {
		key = key[1 : len(key)-1]
		switch {
		case string(key) == name && value == nil:
			value = v
		case bytes.IndexByte(key, '\\') >= 0, bytes.EqualFold(key, []byte(name)):
			doubtful = true
		}
	})
	return value, end > 0 && value != nil && !doubtful
}
