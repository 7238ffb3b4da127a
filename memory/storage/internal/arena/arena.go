// Package arena bounds what the C allocator keeps of memory that the engines have given back.
package arena

/*
#include <malloc.h>

static void limit(int arenas) {
#if defined(__GLIBC__) && defined(M_ARENA_MAX)
	mallopt(M_ARENA_MAX, arenas);
#endif
}

static void trim(void) {
#if defined(__GLIBC__)
	malloc_trim(0);
#endif
}
*/
import "C"

import "sync"

// most is how many arenas the C allocator may have. By default it gives each thread that finds the others busy one of its
// own, up to eight a processor, and what is free in one is of no use to the others: with 100,000 memories 16 MB more.
const most = 2

// Limit bounds the arenas of the process. It works for those that are not there yet: call it before the engines open.
var Limit = sync.OnceFunc(func() { C.limit(most) })

// Trim gives what is free in all arenas back to the system. It takes some milliseconds.
func Trim() { C.trim() }
