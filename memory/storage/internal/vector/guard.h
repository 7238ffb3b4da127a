// What the C++ files share: no exception may cross into C and Go, where it would end the process.
#ifndef ELDERZAN_VECTOR_GUARD_H
#define ELDERZAN_VECTOR_GUARD_H

#include <cstring>
#include <exception>

template <class F>
int guarded(char **err, F body) {
    try {
        body();
        return 0;
    } catch (const std::exception &e) {
        *err = strdup(e.what());
    } catch (...) {
        *err = strdup("unknown C++ exception");
    }
    return 1;
}

#endif
