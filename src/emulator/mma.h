// Twins of kernels/device/mma.cuh: what ldmatrix and mma.sync do for a warp. Which lane has which element is as PTX's
// manual says.
#ifndef GLI_EMULATOR_MMA_H
#define GLI_EMULATOR_MMA_H

#include "emulator/half.h"
#include "emulator/warp.h"
#include "emulator/wmma.h"

#define GLI_EMULATOR_SITE const char *file = __builtin_FILE(), int line = __builtin_LINE()

namespace emulator {

struct tf32 {};

inline float round_to_tf32(float x) { return nvcuda::wmma::__float_to_tf32(x); }

struct MultiplyAddTask : WarpTask {
    float *acc;
    const unsigned *a, *b;
};

struct LoadBlocksTask : WarpTask {
    unsigned *words;
    unsigned row[4];
};

void check_row_of_ldmatrix(const void *row, Site site);
bool exchange_rows(WarpTask *const *tasks);
bool exchange_rows_transposed(WarpTask *const *tasks);

// A lane reads the row whose address it gives: here, so that the race build, which is clang's, sees who reads what. Its
// reports name the line of the caller.
#ifdef __clang__
#define GLI_EMULATOR_OF_THE_CALLER [[gnu::always_inline, gnu::nodebug]]
#else
#define GLI_EMULATOR_OF_THE_CALLER
#endif
GLI_EMULATOR_OF_THE_CALLER inline void load_rows(unsigned (&words)[4], const void *row,
                                                 bool (*exchange)(WarpTask *const *), Site site) {
    LoadBlocksTask task;
    check_row_of_ldmatrix(row, site);
    task.run   = exchange;
    task.words = words;
    std::memcpy(task.row, row, sizeof task.row);
    warp_task(WarpOp::LOAD_BLOCKS, &task, site);
}
GLI_EMULATOR_OF_THE_CALLER inline void load_blocks(unsigned (&words)[4], const void *row, GLI_EMULATOR_SITE) {
    load_rows(words, row, exchange_rows, {file, line});
}
GLI_EMULATOR_OF_THE_CALLER inline void load_blocks_transposed(unsigned (&words)[4], const void *row,
                                                              GLI_EMULATOR_SITE) {
    load_rows(words, row, exchange_rows_transposed, {file, line});
}
#undef GLI_EMULATOR_OF_THE_CALLER

// The elements in a word of a lane: two of 16 bits, or one of tf32.
template <typename S>
struct WordOf {
    enum { ELEMENTS = 2 };
    static double element(unsigned word, unsigned index) {
        S out;
        std::memcpy(static_cast<void *>(&out), reinterpret_cast<const char *>(&word) + 2 * index, 2);
        return float(out);
    }
    static bool is_rounded(unsigned) { return true; }
};
template <>
struct WordOf<tf32> {
    enum { ELEMENTS = 1 };
    static double element(unsigned word, unsigned) { return bits_float(word); }
    static bool is_rounded(unsigned word) { return bits_float(word) != bits_float(word) || (word & 0x1FFF) == 0; }
};

// acc [16,8] += a [16,K] b [8,K]^T, as if exact and rounded once: a GPU rounds a little otherwise.
template <typename S>
bool multiply_add_words(WarpTask *const *tasks) {
    using Word = WordOf<S>;
    enum { K = 8 * Word::ELEMENTS };
    double a[16][K], b[8][K];
    bool rounded = true;
    for (unsigned lane = 0; lane < 32; lane++) {
        auto *task          = static_cast<MultiplyAddTask *>(tasks[lane]);
        const unsigned line = lane / 4, first = lane % 4 * Word::ELEMENTS;
        for (unsigned i = 0; i < 4; i++) rounded = rounded && Word::is_rounded(task->a[i]);
        for (unsigned i = 0; i < 2; i++) rounded = rounded && Word::is_rounded(task->b[i]);
        for (unsigned e = 0; e < Word::ELEMENTS; e++) {
            for (unsigned i = 0; i < 4; i++)
                a[line + i % 2 * 8][first + e + i / 2 * (K / 2)] = Word::element(task->a[i], e);
            for (unsigned i = 0; i < 2; i++) b[line][first + e + i * (K / 2)] = Word::element(task->b[i], e);
        }
    }
    for (unsigned lane = 0; lane < 32; lane++)
        for (unsigned i = 0; i < 4; i++) {
            float &acc = static_cast<MultiplyAddTask *>(tasks[lane])->acc[i];
            double sum = acc;
            for (unsigned k = 0; k < K; k++) sum += a[lane / 4 + i / 2 * 8][k] * b[lane % 4 * 2 + i % 2][k];
            acc = static_cast<float>(sum);
        }
    return rounded;
}

template <typename S>
void multiply_add(float (&acc)[4], const unsigned (&a)[4], const unsigned (&b)[2], GLI_EMULATOR_SITE) {
    MultiplyAddTask task;
    task.run = multiply_add_words<S>;
    task.acc = acc;
    task.a   = a;
    task.b   = b;
    warp_task(WarpOp::MULTIPLY_ADD, &task, {file, line});
}

}  // namespace emulator

#undef GLI_EMULATOR_SITE

#endif
