// OpenBLAS chooses its kernels by the processor's model when it is loaded, and falls back to those of 2004 for one that is
// younger than itself: training lists then takes several times as long. In that case it is made to choose again, by what
// the processor can do. Nothing has called it before a constructor runs.

#if defined(__x86_64__)

#include <stdlib.h>
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
