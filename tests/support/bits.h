// A record of results to the last bit, to compare two builds by: with GLIA_TEST_BITS=FILE each run adds a line to the
// file, its label and a hash of what it computed. scripts/record_bits makes one of a whole build.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace glia {

// Source: Fowler, Noll, Vo, FNV-1a, 64 bits.
inline uint64_t hash_bits(const void *data, size_t bytes, uint64_t hash) {
    for (size_t i = 0; i < bytes; ++i) hash = (hash ^ static_cast<const unsigned char *>(data)[i]) * 0x100000001b3ull;
    return hash;
}
template <class T>
uint64_t hash_bits(const std::vector<T> &values, uint64_t hash) {
    return hash_bits(values.data(), values.size() * sizeof(T), hash);
}
template <class T>
uint64_t hash_bits(const std::vector<std::vector<T>> &lists, uint64_t hash) {
    for (const auto &list : lists) hash = hash_bits(list, hash);
    return hash;
}

template <class Values>
void record_bits(const std::string &label, const Values &values) {
    const char *path = std::getenv("GLIA_TEST_BITS");
    if (!path) return;
    if (FILE *file = std::fopen(path, "a")) {
        std::fprintf(file, "%s %016llx\n", label.c_str(),
                     static_cast<unsigned long long>(hash_bits(values, 0xcbf29ce484222325ull)));
        std::fclose(file);
    }
}

}  // namespace glia
