package link

// PlainCall takes apart a message that calls a tool and holds nothing else: each member of it, and the name and the
// arguments of its parameters, once and in its usual spelling. ok is false for any other message. raw must have passed
// Check.
func PlainCall(raw []byte) (name string, arguments []byte, ok bool) {
	message, ok := members(raw, "jsonrpc", "id", "method", "params")
	if !ok || string(message[0]) != `"2.0"` || string(message[2]) != `"tools/call"` {
		return "", nil, false
	}
	params, ok := members(message[3], "name", "arguments")
	if !ok {
		return "", nil, false
	}
	quoted := params[0]
	if len(quoted) < 2 || quoted[0] != '"' || !ownSpelling(quoted[1:len(quoted)-1]) {
		return "", nil, false
	}
	return string(quoted[1 : len(quoted)-1]), params[1], true
}

// members returns the values of the members of the object raw, in the order of names; ok is false unless it has those members
// and no others.
func members(raw []byte, names ...string) (values [][]byte, ok bool) {
	i := skipSpace(raw, 0)
	if i >= len(raw) || raw[i] != '{' {
		return nil, false
	}
	values, found, others := make([][]byte, len(names)), 0, 0
	skipMembers(raw, i, 1, func(key, value []byte) {
		for n, name := range names {
			if values[n] == nil && string(key[1:len(key)-1]) == name {
				values[n] = value
				found++
				return
			}
		}
		others++
	})
	return values, found == len(names) && others == 0
}

// ownSpelling reports whether a string of JSON stands for its own characters.
func ownSpelling(s []byte) bool {
	for _, c := range s {
		if c == '\\' || c >= 0x80 {
			return false
		}
	}
	return true
}
