package kv

import (
	"encoding/binary"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/elderzan/elderzan/security"
)

func benchKey(i uint64) []byte { return binary.BigEndian.AppendUint64(nil, i) }

func BenchmarkOpen(b *testing.B) {
	keys := testKeys(b)
	b.Run("fresh", func(b *testing.B) {
		dir := b.TempDir()
		for i := 0; b.Loop(); i++ {
			db, err := Open(filepath.Join(dir, string(benchKey(uint64(i))[4:])+"x"), Options{Keys: keys})
			if err != nil {
				b.Fatal(err)
			}
			b.StopTimer()
			_ = db.Close()
			b.StartTimer()
		}
	})
	b.Run("existing", func(b *testing.B) {
		dir := b.TempDir()
		for b.Loop() {
			db, err := Open(dir, Options{Keys: keys})
			if err != nil {
				b.Fatal(err)
			}
			b.StopTimer()
			_ = db.Close()
			b.StartTimer()
		}
	})
}

// BenchmarkWrite writes vectors of 3 KiB in batches; the figure is of one batch.
func BenchmarkWrite(b *testing.B) {
	for name, tc := range map[string]struct {
		batch int
		sync  bool
	}{"1 synced": {1, true}, "100 synced": {100, true}, "1": {1, false}} {
		b.Run(name, func(b *testing.B) {
			db := openTest(b, b.TempDir(), Options{})
			value := security.RandomSecret(3072).Bytes()
			batch := db.NewBatch()
			n := uint64(0)
			for b.Loop() {
				batch.Reset()
				for range tc.batch {
					batch.Put(Vectors, benchKey(n), value)
					n++
				}
				if err := db.Write(batch, tc.sync); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "values/s")
		})
	}
}

func BenchmarkGet(b *testing.B) {
	const n = 20_000
	db := openTest(b, b.TempDir(), Options{})
	batch := db.NewBatch()
	for i := range uint64(n) {
		batch.Put(Vectors, benchKey(i), security.RandomSecret(3072).Bytes())
		if batch.Len() == 500 {
			if err := db.Write(batch, false); err != nil {
				b.Fatal(err)
			}
			batch.Reset()
		}
	}
	if err := db.Flush(); err != nil {
		b.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	b.Run("one", func(b *testing.B) {
		for b.Loop() {
			if _, err := db.Get(Vectors, benchKey(r.Uint64N(n))); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("multi 100", func(b *testing.B) {
		keys := make([][]byte, 100)
		for b.Loop() {
			for i := range keys {
				keys[i] = benchKey(r.Uint64N(n))
			}
			if _, err := db.MultiGet(Vectors, keys); err != nil {
				b.Fatal(err)
			}
		}
	})
}
