package kv

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestPackRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		part := rapid.SliceOf(rapid.Byte()).Draw(t, "part")
		value := bytes.Repeat(part, rapid.IntRange(0, 300).Draw(t, "times"))
		packed := pack([]byte("x"), value, rapid.Bool().Draw(t, "try"))
		if len(packed) > len(value)+2 {
			t.Fatalf("%d bytes became %d", len(value), len(packed)-1)
		}
		got, err := unpack(packed[1:])
		if err != nil || !bytes.Equal(got, value) {
			t.Fatalf("round trip of %d bytes: %d bytes, %v", len(value), len(got), err)
		}
	})
}

func TestPackPaysOrIsNotDone(t *testing.T) {
	text := []byte(strings.Repeat("the meeting was moved to Thursday; ", 40))
	for name, tc := range map[string]struct {
		value []byte
		try   bool
		want  byte
	}{
		"text":           {text, true, packLZ4},
		"not tried":      {text, false, packNone},
		"short":          {text[:packMin-1], true, packNone},
		"incompressible": {sealedNoise(t, 4000), true, packNone},
	} {
		t.Run(name, func(t *testing.T) {
			got := pack(nil, tc.value, tc.try)
			if got[0] != tc.want {
				t.Errorf("packed as %d, want %d", got[0], tc.want)
			}
			if tc.want == packLZ4 && len(got) > len(tc.value)/4 {
				t.Errorf("%d bytes became %d", len(tc.value), len(got))
			}
		})
	}
}

func sealedNoise(t *testing.T, n int) []byte {
	t.Helper()
	b, err := testKeys(t).Store.Seal(nil, make([]byte, n), nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestUnpackRefusesNonsense(t *testing.T) {
	for name, in := range map[string][]byte{
		"empty": nil, "unknown form": {9, 1, 2}, "no length": {packLZ4}, "endless length": append([]byte{packLZ4}, bytes.Repeat([]byte{0xff}, 12)...),
		"huge": {packLZ4, 0xff, 0xff, 0xff, 0xff, 0x0f, 1}, "more than LZ4 can": {packLZ4, 0xff, 0xff, 1, 0, 0}, "no block": {packLZ4, 5},
		"short block": {packLZ4, 5, 0x10, 'a'},
	} {
		if got, err := unpack(in); !errors.Is(err, errPacked) {
			t.Errorf("%s: unpack = %q, %v; want errPacked", name, got, err)
		}
	}
}

// FuzzUnpack checks that no bytes make unpack panic or allocate beyond its limit.
func FuzzUnpack(f *testing.F) {
	f.Add(pack(nil, bytes.Repeat([]byte("abc"), 100), true))
	f.Add([]byte{packNone, 1, 2})
	f.Fuzz(func(t *testing.T, in []byte) {
		got, err := unpack(in)
		if err == nil && len(got) > 255*len(in) {
			t.Errorf("%d bytes unpacked to %d", len(in), len(got))
		}
	})
}

// FuzzDecodeValue checks that no bytes make the MessagePack decoder panic.
func FuzzDecodeValue(f *testing.F) {
	raw, err := encodeValue(draft{"t", []string{"a"}, 1})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Fuzz(func(t *testing.T, in []byte) {
		got, err := DecodeValue[draft](in)
		if err != nil && (got.Title != "" || got.Tags != nil || got.N != 0) {
			t.Errorf("an error comes with %+v", got)
		}
	})
}
