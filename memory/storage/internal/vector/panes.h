// Codes of product-quantised vectors in panes: a line holds one byte of each of 64 codes, a pane a line for each byte, so
// that one register asks one look-up table for 64 vectors at once. The tables hold bytes and the sums have 16 bits.
#ifndef ELDERZAN_VECTOR_PANES_H
#define ELDERZAN_VECTOR_PANES_H

#include <cstddef>
#include <cstdint>
#include <vector>

const size_t pane_width = 64; // codes

struct alignas(64) ez_line {
    uint8_t at[pane_width];
};

// A list of codes and their ids. The last pane is filled with zeros.
struct ez_list {
    std::vector<int64_t> ids;
    std::vector<ez_line> lines;

    void append(int64_t id, const uint8_t *code, size_t parts);
    void read(size_t n, int64_t *to, uint8_t *codes, size_t parts) const;
    void trim();
    size_t bytes() const { return ids.capacity() * sizeof(int64_t) + lines.capacity() * sizeof(ez_line); }
};

// A query's distances to the words of each of a code's bytes, rounded: the distance to a vector is about low + step × the
// sum of its entries, and off by no more than half a step for each byte. One step for all tables lets sums be compared as
// they are; what a table has in common goes into low, so that its entries need not hold it.
struct ez_table {
    size_t parts;
    float low, step;
    std::vector<ez_line> lines; // four for each byte of a code

    // Of parts × 256 distances; parts is at most ez_most_parts.
    ez_table(size_t parts, const float *exact);
};

const size_t ez_most_parts = 65534; // of entries of 1 at the most

// ez_best keeps the k codes with the least sums, and of equal ones the lower ids or those that came first.
struct ez_best {
    size_t k;
    uint16_t limit = UINT16_MAX; // sums from here on count out; no sum is so large
    std::vector<std::pair<uint16_t, int64_t>> held;

    explicit ez_best(size_t n) : k(n) {}
    // Looks at a list's entries, of those whose bit is set if bits is not NULL. next is the list that comes after.
    void look(const ez_table &t, const ez_list &list, const ez_list &next, const uint8_t *bits, size_t bytes);
    void cut();
};

#endif
