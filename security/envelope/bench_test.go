package envelope

import (
	"strings"
	"testing"
)

func BenchmarkSeal(b *testing.B) {
	for name, c := range map[string]Content{"sentence": sample(1), "text of 4 KiB": long(4 << 10), "text of 64 KiB": long(64 << 10)} {
		b.Run(name, func(b *testing.B) {
			roster, signer := newWorld()
			env := New(roster, signer, Options{})
			record, _, err := env.Seal(number(7), State{}, c)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := env.Seal(number(7), State{}, c); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(record)), "bytes/record")
		})
	}
}

func BenchmarkOpen(b *testing.B) {
	for name, c := range map[string]Content{"sentence": sample(1), "text of 4 KiB": long(4 << 10), "text of 64 KiB": long(64 << 10)} {
		b.Run(name, func(b *testing.B) {
			roster, signer := newWorld()
			env := New(roster, signer, Options{})
			record, _, err := env.Seal(number(7), State{}, c)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := env.Open(record, number(7), State{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// long is content with a text of n bytes that compresses as prose does.
func long(n int) Content {
	c := sample(2)
	var b strings.Builder
	for i := uint64(0); b.Len() < n; i++ {
		b.WriteString(sample(i*7919 + 13).Text)
	}
	c.Text = b.String()[:n]
	return c
}
