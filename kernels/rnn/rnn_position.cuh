/* Where persistent kernels, which run both directions in one launch, find the elements of a step. */
#ifndef GLI_KERNELS_RNN_RNN_POSITION_CUH
#define GLI_KERNELS_RNN_RNN_POSITION_CUH

#include "kernels/rnn/rnn_step.cuh"

namespace glia {

/* One step of one direction, and the indices of its elements in arrays that hold one direction behind the other; y has
 * them side by side. */
struct layer_position : step_position {
    int direction, rows, sequences; /* rows, sequences: of a direction */

    __device__ layer_position of_direction(int d) const {
        layer_position p = *this;
        p.direction      = d;
        p.line.reverse   = line.reverse || d == 1;
        return p;
    }
    /* For sequence n alone, whose length need not be read again. */
    __device__ layer_position of_sequence(int n) const {
        layer_position p = *this;
        p.line           = {nullptr, line.length(n), line.reverse};
        return p;
    }
    /* A row of arrays [D, rows, ...]. */
    __device__ int entry_of(int n, int t) const { return direction * rows + int(row_of(n, t)); }
    __device__ int entry(int n) const { return entry_of(n, time); }
    __device__ int entry_before(int n) const { return entry_of(n, line.before(time)); }
    __device__ int64_t state(int n, int unit) const { return int64_t(direction * sequences + n) * hidden + unit; }
    __device__ int64_t cell(int n, int unit) const { return int64_t(entry(n)) * hidden + unit; }
    __device__ int64_t gate(int n, int gate, int unit) const { return (int64_t(entry(n)) * 4 + gate) * hidden + unit; }
};

/* Of the first direction; it has no time yet. */
inline layer_position layer_position_of(const gli_rnn_layer &l) {
    return {position_of(l, 0), 0, l.geom.steps * l.geom.batch, l.geom.batch};
}

}  // namespace glia

#endif
