//go:build ignore

// Command basis finds the main directions of the model's token vectors, into which sketches project them, and writes
// ../sketch.bin: for each direction a scale (float32) and 384 signed bytes.
//
//	go run gen/basis.go TEXTFILE...
//
// Each line of the files is a text. The same lines give the same file.
package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"log"
	"math"
	"os"
	"strings"

	"github.com/elderzan/elderzan/embed/minilm"
)

const dim = minilm.Dim

func main() {
	model, err := minilm.Open(os.Getenv("ELDERZAN_MODEL"), minilm.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()
	moment, tokens := make([]float64, dim*dim), 0
	for _, name := range os.Args[1:] {
		raw, err := os.ReadFile(name)
		if err != nil {
			log.Fatal(err)
		}
		for line := range strings.Lines(string(raw)) {
			if line = strings.TrimSpace(line); line == "" || line[0] == '#' || line[0] == '@' {
				continue
			}
			vectors, _, err := model.EmbedTokens(context.Background(), line)
			if err != nil {
				log.Fatal(err)
			}
			for _, v := range vectors {
				tokens++
				for i, x := range v {
					for j, y := range v {
						moment[i*dim+j] += float64(x) * float64(y)
					}
				}
			}
		}
	}
	basis := directions(moment)
	var out []byte
	for _, b := range basis {
		most := 0.0
		for _, x := range b {
			most = max(most, math.Abs(x))
		}
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(float32(most/127)))
		for _, x := range b {
			out = append(out, byte(int8(math.Round(x/most*127))))
		}
	}
	if err := os.WriteFile("sketch.bin", out, 0o644); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d tokens, %d directions\n", tokens, len(basis))
}

// directions finds the eigenvectors of the largest eigenvalues by orthogonal iteration.
func directions(moment []float64) [][]float64 {
	q := make([][]float64, minilm.SketchDim)
	for i := range q {
		q[i] = make([]float64, dim)
		for j := range q[i] {
			q[i][j] = math.Sin(float64(i*7919+j*104729+1) * 12.9898)
		}
	}
	for range 40 {
		for i, v := range q {
			w := make([]float64, dim)
			for a := range w {
				for b, x := range v {
					w[a] += moment[a*dim+b] * x
				}
			}
			q[i] = w
		}
		for i, v := range q {
			for _, u := range q[:i] {
				s := inner(u, v)
				for a := range v {
					v[a] -= s * u[a]
				}
			}
			s := math.Sqrt(inner(v, v))
			for a := range v {
				v[a] /= s
			}
		}
	}
	return q
}

func inner(a, b []float64) (s float64) {
	for i, x := range a {
		s += x * b[i]
	}
	return s
}
