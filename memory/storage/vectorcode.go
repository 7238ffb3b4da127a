package storage

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"sync"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage/internal/vector"
)

// Codes of archived vectors
//
// An archived memory's vector is its direction in few whole numbers: the step between two is codeStep of the length of a
// mean component, or what makes the largest codeTop. They are written by an asymmetric numeral system (range variant, two
// states in turn), which takes what they tell and hardly more. How they are distributed differs from one part of a vector
// to the next, such as where one model's numbers end and another's begin: each codeGroup numbers say which of sixteen
// distributions they are written by, eight like the bell curve and eight where most are zero. These tables are made of
// whole numbers alone, so that every machine makes the same.
//
// A code is: a checksum (CRC-32C of the rest, 4 bytes), the form (1), the groups' distributions (4 bits each), both states
// (4 bytes each), and words of 2 bytes. All numbers have the lower byte first.

const (
	codeStep  = 0.3 // of ten that are nearest by float32, 9.4 to 9.5 are by codes; see DESIGN.md
	codeTop   = 31
	codeGroup = 96

	codeForm   = 1
	codeGroups = memory.Dim / codeGroup
	codeHead   = 4 + 1 + codeGroups/2
	codeBits   = 12 // a distribution's frequencies add up to 1 << codeBits
	codeLow    = 1 << 16
	codeMost   = codeHead + 8 + 2*memory.Dim // a number takes a word at the most
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Shapes of the distributions, in 2^-32: of the bell curves what a number one from the middle has of the middle one's
// frequency (standard deviations of 0.7 to 6); of the others what each number has of the one before it (means of 1.5 to
// 5.5), and how many of 64 numbers are not the zeros that they have beside those.
var (
	bellShapes   = [8]uint64{1548111464, 2605029347, 3327901417, 3790295335, 3988756164, 4113158998, 4190217253, 4235727313}
	sparseShapes = [8]struct{ ratio, share uint64 }{
		{2205109735, 10}, {3077478545, 10}, {3580941516, 10}, {2205109735, 17}, {3077478545, 17}, {3580941516, 17}, {2205109735, 26}, {3077478545, 26},
	}
)

// distribution is how often numbers occur.
type distribution struct {
	frequency, start [2*codeTop + 1]uint32 // by number + codeTop
	cost             [2*codeTop + 1]float32
	slots            [1 << codeBits]uint32 // number + codeTop, 6 bits; place in its range, 12; frequency, 13
}

var distributions = sync.OnceValue(func() *[16]distribution {
	out := new([16]distribution)
	for i, a := range bellShapes {
		var weight [codeTop + 1]uint64
		w, ratio := uint64(1)<<32, a
		for x := range weight {
			weight[x] = w
			w = w * ratio >> 32
			ratio = (ratio * a >> 32) * a >> 32
		}
		out[i].fill(&weight)
	}
	for i, s := range sparseShapes {
		var weight [codeTop + 1]uint64
		w, sum := uint64(1)<<32, uint64(0)
		for x := range weight {
			weight[x] = w
			sum += w * uint64(min(x, 1)+1)
			w = w * s.ratio >> 32
		}
		weight[0] += sum / s.share * (64 - s.share)
		out[8+i].fill(&weight)
	}
	return out
})

// fill makes the tables of numbers whose frequencies are as their sizes' weights. None has none.
func (d *distribution) fill(weight *[codeTop + 1]uint64) {
	sum := weight[0]
	for _, w := range weight[1:] {
		sum += 2 * w
	}
	left := uint32(1 << codeBits)
	for n := range d.frequency {
		w := weight[max(n-codeTop, codeTop-n)]
		d.frequency[n] = 1 + uint32((1<<codeBits-uint64(len(d.frequency)))*(w>>8)/(sum>>8))
		left -= d.frequency[n]
	}
	d.frequency[codeTop] += left
	at := uint32(0)
	for n, f := range d.frequency {
		d.start[n] = at
		d.cost[n] = codeBits - float32(math.Log2(float64(f)))
		for i := range f {
			d.slots[at+i] = uint32(n) | i<<6 | f<<18
		}
		at += f
	}
}

// vectorCode writes the code of a unit vector.
func vectorCode(values []float32) []byte {
	top := float32(0)
	for _, c := range values {
		top = max(top, c, -c)
	}
	step := max(codeStep/math.Sqrt(memory.Dim), float64(top)/codeTop)
	var numbers [memory.Dim]int
	for i, c := range values[:memory.Dim] {
		numbers[i] = int(math.RoundToEven(float64(c)/step)) + codeTop
	}
	all := distributions()
	var chosen [codeGroups]int
	for g := range chosen {
		least := float32(math.Inf(1))
		for i := range all {
			cost := float32(0)
			for _, n := range numbers[g*codeGroup : (g+1)*codeGroup] {
				cost += all[i].cost[n]
			}
			if cost < least {
				least, chosen[g] = cost, i
			}
		}
	}
	// What is written last is read first.
	words := make([]uint16, 0, memory.Dim)
	states := [2]uint64{codeLow, codeLow}
	for i := memory.Dim - 1; i >= 0; i-- {
		d := &all[chosen[i/codeGroup]]
		f, x := uint64(d.frequency[numbers[i]]), states[i&1]
		if x >= f<<(32-codeBits) {
			words = append(words, uint16(x))
			x >>= 16
		}
		states[i&1] = x/f<<codeBits + x%f + uint64(d.start[numbers[i]])
	}
	b := make([]byte, 5, codeHead+8+2*len(words))
	b[4] = codeForm
	for g := 0; g < codeGroups; g += 2 {
		b = append(b, byte(chosen[g]|chosen[g+1]<<4))
	}
	for _, x := range states {
		b = binary.LittleEndian.AppendUint32(b, uint32(x))
	}
	for i := len(words) - 1; i >= 0; i-- {
		b = binary.LittleEndian.AppendUint16(b, words[i])
	}
	binary.LittleEndian.PutUint32(b, crc32.Checksum(b[4:], castagnoli))
	return b
}

// soundCode reports whether b is as it was written, going by its checksum.
func soundCode(b []byte) bool {
	return len(b) >= codeHead+8 && len(b) <= codeMost && len(b)%2 != 0 && b[4] == codeForm &&
		binary.LittleEndian.Uint32(b) == crc32.Checksum(b[4:], castagnoli)
}

// readCode reads what vectorCode wrote into dst, in whole numbers, and returns what brings them to length 1. It reports
// false for what is no code.
func readCode(b []byte, dst *[memory.Dim]float32) (scale float32, ok bool) {
	if !soundCode(b) {
		return 0, false
	}
	all := distributions()
	x0, x1 := binary.LittleEndian.Uint32(b[codeHead:]), binary.LittleEndian.Uint32(b[codeHead+4:])
	var words [codeMost]byte // so that a word can be read wherever a number ends
	end, at := copy(words[:], b[codeHead+8:]), 0
	sum := int32(0)
	for g := range codeGroups {
		slots := &all[b[5+g/2]>>(g&1*4)&15].slots
		group := (*[codeGroup]float32)(dst[g*codeGroup:])
		for i := 0; i < codeGroup; i += 2 {
			s0, s1 := slots[x0&(1<<codeBits-1)], slots[x1&(1<<codeBits-1)]
			x0 = s0>>18*(x0>>codeBits) + s0>>6&(1<<codeBits-1)
			x1 = s1>>18*(x1>>codeBits) + s1>>6&(1<<codeBits-1)
			n0, n1 := int32(s0&63)-codeTop, int32(s1&63)-codeTop
			group[i], group[i+1] = float32(n0), float32(n1)
			sum += n0*n0 + n1*n1
			if x0 < codeLow {
				x0 = x0<<16 | uint32(binary.LittleEndian.Uint16(words[at:]))
				at += 2
			}
			if x1 < codeLow {
				x1 = x1<<16 | uint32(binary.LittleEndian.Uint16(words[at:]))
				at += 2
			}
		}
		if at > end {
			return 0, false
		}
	}
	if at != end || x0 != codeLow || x1 != codeLow || sum == 0 {
		return 0, false
	}
	return float32(1 / math.Sqrt(float64(sum))), true
}

// codeValues returns the unit vector of a code; nil for what is none.
func codeValues(b []byte) []float32 {
	var numbers [memory.Dim]float32
	scale, ok := readCode(b, &numbers)
	if !ok {
		return nil
	}
	out := make([]float32, memory.Dim)
	for i, n := range numbers {
		out[i] = n * scale
	}
	return out
}

// codeCosine returns the cosine of a unit vector and that of a code.
func codeCosine(b []byte, query []float32) (float32, bool) {
	var numbers [memory.Dim]float32
	scale, ok := readCode(b, &numbers)
	if !ok {
		return 0, false
	}
	query = query[:memory.Dim]
	var a, c, d, e float32
	for i := 0; i < len(query)-3; i += 4 {
		a += numbers[i] * query[i]
		c += numbers[i+1] * query[i+1]
		d += numbers[i+2] * query[i+2]
		e += numbers[i+3] * query[i+3]
	}
	return (a + c + d + e) * scale, true
}

// codeLayout is what reads many codes side by side.
var codeLayout = sync.OnceValue(func() *vector.CodeForm {
	f := &vector.CodeForm{Dim: memory.Dim, Group: codeGroup, Groups: codeHead - codeGroups/2, States: codeHead, Top: codeTop}
	for _, d := range distributions() {
		f.Slots = append(f.Slots, d.slots[:]...)
	}
	return f
})

// codeCosines compares a unit vector with each of the codes that stand in buf, and calls fn with what codeCosine would say but
// for rounding, in no particular order; it may leave out what is no code.
func codeCosines(buf []byte, codes []vector.Code, query []float32, fn func(i int, cosine float32, ok bool)) {
	layout := codeLayout()
	sound, which := make([]vector.Code, 0, len(codes)), make([]int, 0, len(codes))
	alone := func(i int) {
		cosine, ok := codeCosine(buf[codes[i].Start:codes[i].Start+codes[i].Size], query)
		fn(i, cosine, ok)
	}
	for i, c := range codes {
		switch {
		case int(c.Start)+layout.Room() > len(buf): // the last few
			alone(i)
		case soundCode(buf[c.Start : c.Start+c.Size]):
			sound, which = append(sound, c), append(which, i)
		}
	}
	cosines, fast := layout.Cosines(make([]float32, 0, len(sound)), buf, sound, query)
	if !fast {
		for _, i := range which {
			alone(i)
		}
		return
	}
	for i, c := range cosines {
		fn(which[i], c, !vector.NoCosine(c))
	}
}
