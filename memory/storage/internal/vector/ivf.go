package vector

/*
#include <stdlib.h>
#include "ivf.h"
*/
import "C"

import "fmt"

// ivf is inverted lists over rows of SQ4 codes, in rotated space. Entries are never changed: one
// whose row has changed or gone since is stale and stays until the lists are built anew, and the changed row is fresh
// until it is entered. A search looks at fresh rows one by one, takes ids from the lists and asks the rows what they
// are now, so that stale entries cost time and nothing else. Changes need the index's lock for writing.
type ivf struct {
	ptr     *C.ez_ivf
	dim     int
	trained int // how many rows there were
	entries int
	fresh   map[int64]uint64 // ids whose rows are in no list, and when they were put
	puts    uint64
}

func (v *ivf) free() { C.ez_ivf_free(v.ptr) }

func (v *ivf) bytes() int64 { return int64(C.ez_ivf_bytes(v.ptr)) + 32*int64(len(v.fresh)) }

func (v *ivf) lists() int { return int(C.ez_ivf_lists(v.ptr)) }

func (v *ivf) parts() int { return int(C.ez_ivf_parts(v.ptr)) }

// stale counts the entries that stand for none of n rows as they are: every row that is not fresh has one that does.
func (v *ivf) stale(n int) int { return v.entries - (n - len(v.fresh)) }

// refresh notes that id has a new row.
func (v *ivf) refresh(id int64) {
	v.puts++
	v.fresh[id] = v.puts
}

// note takes the rows of ids, which have changed, as fresh, or forgets those that are gone.
func (v *ivf) note(b *body, ids []int64) {
	for _, id := range ids {
		if b.has(id) {
			v.refresh(id)
		} else {
			delete(v.fresh, id)
		}
	}
}

// empty makes lists with what was trained for v and nothing in them.
func (v *ivf) empty() (*ivf, error) {
	centroids, words, err := v.trainedParts()
	if err != nil {
		return nil, err
	}
	return newIVF(v.dim, v.lists(), v.parts(), v.trained, centroids, words)
}

// newIVF makes empty lists from what trainedParts returned.
func newIVF(dim, lists, parts, trained int, centroids, words []float32) (*ivf, error) {
	v := &ivf{dim: dim, trained: trained, fresh: map[int64]uint64{}}
	var msg *C.char
	err := failed(C.ez_ivf_new(C.int(dim), C.int64_t(lists), C.int(parts), floats(centroids), floats(words), &v.ptr, &msg), msg)
	return v, err
}

// trainIVF clusters a sample of codes. It returns soon with an error after *stop becomes other than 0.
func trainIVF(c *codec, codes []byte, lists, trained int, stop *int32) (*ivf, error) {
	v := &ivf{dim: c.dim, trained: trained, fresh: map[int64]uint64{}}
	var msg *C.char
	err := failed(C.ez_ivf_train(c.ptr, octets(codes), C.int64_t(len(codes)/c.size()), C.int64_t(lists), C.int(parts(c.dim)),
		trainRounds, trainSeed, (*C.int32_t)(stop), &v.ptr, &msg), msg)
	if err != nil {
		return nil, fmt.Errorf("train %d lists: %w", lists, err)
	}
	return v, nil
}

const (
	trainRounds = 8 // of k-means; more move the centroids little
	trainSeed   = 1234
)

// trainedParts returns what was trained: the lists' centroids and the quantiser's words.
func (v *ivf) trainedParts() (centroids, words []float32, err error) {
	centroids, words = make([]float32, v.lists()*v.dim), make([]float32, 256*v.dim)
	var msg *C.char
	err = failed(C.ez_ivf_trained(v.ptr, floats(centroids), floats(words), &msg), msg)
	return centroids, words, err
}

// encode finds lists and codes for rows. It may run beside searches.
func (v *ivf) encode(c *codec, codes []byte, stop *int32) (lists []int64, parts []byte, err error) {
	n := len(codes) / c.size()
	lists, parts = make([]int64, n), make([]byte, n*v.parts())
	var msg *C.char
	err = failed(C.ez_ivf_encode(v.ptr, c.ptr, octets(codes), C.int64_t(n), ints(lists), octets(parts), (*C.int32_t)(stop), &msg), msg)
	return lists, parts, err
}

func (v *ivf) append(ids, lists []int64, parts []byte) error {
	var msg *C.char
	err := failed(C.ez_ivf_append(v.ptr, C.int64_t(len(ids)), ints(ids), ints(lists), octets(parts), &msg), msg)
	v.entries += len(ids)
	return err
}

func (v *ivf) trim() error {
	var msg *C.char
	return failed(C.ez_ivf_trim(v.ptr, &msg), msg)
}

// list copies one list.
func (v *ivf) list(i int) (ids []int64, parts []byte, err error) {
	n := int64(C.ez_ivf_size(v.ptr, C.int64_t(i)))
	ids, parts = make([]int64, n), make([]byte, n*int64(v.parts()))
	var msg *C.char
	err = failed(C.ez_ivf_list(v.ptr, C.int64_t(i), C.int64_t(n), ints(ids), octets(parts), &msg), msg)
	return ids, parts, err
}

// search returns up to k entries near z, in no order, among those that b, if not nil, selects, with the squares of about how
// far away they are.
func (v *ivf) search(z []float32, k, probes int, b *Bitmap) (ids []int64, dist []float32, err error) {
	ids, dist = make([]int64, k), make([]float32, k)
	var bits *C.uint8_t
	var size C.size_t
	if b != nil {
		octet := b.octets()
		bits, size = octets(octet), C.size_t(len(octet))
	}
	var found C.int64_t
	var msg *C.char
	err = failed(C.ez_ivf_search(v.ptr, floats(z), C.size_t(k), C.size_t(probes), bits, size, floats(dist), ints(ids), &found, &msg), msg)
	return ids[:found], dist[:found], err
}

// freshIDs returns the ids whose rows are in no list.
func (v *ivf) freshIDs() []int64 {
	ids := make([]int64, 0, len(v.fresh))
	for id := range v.fresh {
		ids = append(ids, id)
	}
	return ids
}
