package inverted

import (
	"encoding/binary"
	"hash/maphash"
)

// dict numbers strings from 0 in the order of their arrival. It keeps their bytes in one arena and finds them by
// open addressing: a word that occurs once costs its length plus about 12 bytes, a quarter of a Go map's entry.
type dict struct {
	seed  maphash.Seed
	slots []uint32 // number + 1; 0 is free; a power of two long
	text  []byte   // each string with its length in front
	off   []uint32 // of each string in text
}

func newDict() *dict {
	return &dict{seed: maphash.MakeSeed(), slots: make([]uint32, 64)}
}

// at returns the bytes of string number id, which alias the arena.
func (d *dict) at(id uint32) []byte {
	b := d.text[d.off[id]:]
	n, w := binary.Uvarint(b)
	return b[w : w+int(n)]
}

// find returns the number of s under the name space ns.
func (d *dict) find(ns byte, s string) (uint32, bool) {
	_, id, ok := d.probe(ns, s)
	return id, ok
}

// intern returns the number of s, adding it if need be.
func (d *dict) intern(ns byte, s string) (id uint32, added bool) {
	slot, id, ok := d.probe(ns, s)
	if ok {
		return id, false
	}
	if (len(d.off)+1)*4 > len(d.slots)*3 {
		d.grow()
		slot, _, _ = d.probe(ns, s)
	}
	id = uint32(len(d.off))
	d.off = append(roomy(d.off, 1), uint32(len(d.text)))
	d.text = binary.AppendUvarint(roomy(d.text, len(s)+1+binary.MaxVarintLen32), uint64(len(s)+1))
	d.text = append(d.text, ns)
	d.text = append(d.text, s...)
	d.slots[slot] = id + 1
	return id, true
}

func (d *dict) probe(ns byte, s string) (slot, id uint32, ok bool) {
	mask := uint32(len(d.slots) - 1)
	for slot = uint32(d.hash(ns, s)) & mask; ; slot = (slot + 1) & mask {
		v := d.slots[slot]
		if v == 0 {
			return slot, 0, false
		}
		if b := d.at(v - 1); b[0] == ns && string(b[1:]) == s {
			return slot, v - 1, true
		}
	}
}

func (d *dict) hash(ns byte, s string) uint64 {
	return maphash.String(d.seed, s) + uint64(ns)*0x9e3779b97f4a7c15
}

func (d *dict) grow() {
	old := d.off
	d.slots = make([]uint32, 2*len(d.slots))
	mask := uint32(len(d.slots) - 1)
	for id := range old {
		b := d.at(uint32(id))
		h := maphash.Bytes(d.seed, b[1:]) + uint64(b[0])*0x9e3779b97f4a7c15
		slot := uint32(h) & mask
		for d.slots[slot] != 0 {
			slot = (slot + 1) & mask
		}
		d.slots[slot] = uint32(id) + 1
	}
}

// bytes is what the dictionary occupies.
func (d *dict) bytes() int { return 4*cap(d.slots) + cap(d.text) + 4*cap(d.off) }
