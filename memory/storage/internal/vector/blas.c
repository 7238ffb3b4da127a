// OpenBLAS starts a thread for each processor when it is loaded, and each of them spins for tens of milliseconds before it sleeps,
// then and after every call: half of the processor time of a start. Calls run on the threads of their callers here (Pool), so it is
// told to start none. It reads the environment in a constructor of its own, before which this one runs where both are in one
// program; where it is a library it was loaded before, and threadInit has it wake none of its threads. Go has its own copy of the
// environment, so that no other program inherits this.

#include <stdlib.h>

__attribute__((constructor(101))) static void start_no_threads(void) { setenv("OPENBLAS_NUM_THREADS", "1", 1); }

// OpenBLAS chooses its kernels by the processor's model when it is loaded, and falls back to those of 2004 for one that is
// younger than itself: training lists then takes several times as long. In that case it is made to choose again, by what
// the processor can do. Nothing has called it before a constructor runs.

#if defined(__x86_64__)

#include <string.h>

#include "shim.h"

// These are in builds of OpenBLAS that choose at all.
extern void gotoblas_dynamic_init(void) __attribute__((weak));
extern void gotoblas_dynamic_quit(void) __attribute__((weak));

__attribute__((constructor)) static void choose_kernels(void) {
    const char *wanted = NULL;
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl")) {
        wanted = "SKYLAKEX";
    } else if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        wanted = "Haswell";
    }
    if (wanted == NULL || gotoblas_dynamic_init == NULL || gotoblas_dynamic_quit == NULL || getenv("OPENBLAS_CORETYPE") != NULL ||
        strcmp(ez_blas(), "Prescott") != 0) {
        return;
    }
    setenv("OPENBLAS_CORETYPE", wanted, 1);
    gotoblas_dynamic_quit();
    gotoblas_dynamic_init();
}

#endif
