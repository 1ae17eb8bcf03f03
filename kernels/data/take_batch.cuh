/* What a thread does of a call of take_batch whose samples stay as they are. Rows are moved in 16-byte units where that
 * divides them. Through a table, four u8 become one 16-byte store; the table, 1 KiB for each part, stays in the L1
 * cache. */
#ifndef GLI_KERNELS_DATA_TAKE_BATCH_CUH
#define GLI_KERNELS_DATA_TAKE_BATCH_CUH

#include "kernels/data/take_batch_launch.h"
#include "kernels/device/divide.cuh"
#include "kernels/device/index_check.cuh"
#include "kernels/device/types.cuh"

namespace glia {

enum { BATCH_THREADS = 256 };

/* Which samples a call takes. */
struct batch_order {
    int samples, numbers, length;
    const int64_t *order, *position, *view;
    unsigned long long *slot, *view_slot;

    /* The number of the sample for row b. */
    __device__ int64_t number(int b) const {
        const int64_t i = *position + b;
        if (i < 0 || i >= length) {
            note_index(slot, b, i);
            return 0;
        }
        const int64_t number = order[i];
        if (number >= 0 && number < numbers) return number;
        note_index(slot, i, number);
        return 0;
    }
    /* The index of the sample with this number. */
    __device__ int64_t index(int64_t number) const {
        if (!view || numbers == 0) return number;
        const int64_t index = view[number];
        if (index >= 0 && index < samples) return index;
        note_index(view_slot, number, index);
        return 0;
    }
};

struct batch_job {
    batch_order order;
    unsigned count; /* elements of y */
    int stride, pixels;
    divisor elements, part, planes; /* elements: of a sample; part: of those for one row of the table */

    /* The first element of the sample for row b. */
    __device__ int64_t sample(int b) const { return order.index(order.number(b)) * stride; }
    /* Which element of the sample is element e of y. */
    __device__ unsigned element(unsigned e) const {
        if (planes.value == 1) return e;
        const unsigned pixel = planes.quotient(e);
        return (e - pixel * planes.value) * pixels + pixel;
    }
};

/* Element i of y. */
template <class Unit>
__device__ inline void copy_one(const batch_job &j, unsigned i, const Unit *samples, Unit *y) {
    if (i >= j.count) return;
    const unsigned b = j.elements.quotient(i), e = i - b * j.elements.value;
    y[i] = samples[j.sample(b) + j.element(e)];
}

__device__ inline void look_up_one(const batch_job &j, unsigned i, const uint8_t *samples, const float *table,
                                   float *y) {
    if (i >= j.count) return;
    const unsigned b = j.elements.quotient(i), e = j.element(i - b * j.elements.value);
    y[i] = table[j.part.quotient(e) * 256 + samples[j.sample(b) + e]];
}

struct alignas(4) four_bytes : gli_wide<four_bytes> {
    uint8_t at[4];
};

/* Four neighbours of a sample, from element i of y on. */
__device__ inline void look_up_four(const batch_job &j, unsigned i, const uint8_t *samples, const float *table,
                                    float *y) {
    if (i >= j.count) return;
    const unsigned b = j.elements.quotient(i), e = i - b * j.elements.value;
    const float *row    = table + j.part.quotient(e) * 256;
    const four_bytes in = *reinterpret_cast<const four_bytes *>(samples + j.sample(b) + e);
    vector<float> out;
    for (int k = 0; k < 4; ++k) out.at[k] = row[in.at[k]];
    *reinterpret_cast<vector<float> *>(y + i) = out;
}

/* What a thread does for its elements of y. */
enum way { COPY_1, COPY_2, COPY_4, COPY_8, COPY_16, LOOK_UP, LOOK_UP_4 };

struct taking {
    batch_job job;
    const void *samples;
    const float *table;
    void *y;
    way how;
};

/* What thread i of a call does. */
__device__ inline void take_one(const taking &t, unsigned i) {
    const auto bytes = static_cast<const uint8_t *>(t.samples);
    switch (t.how) {
        case COPY_1: copy_one(t.job, i, bytes, static_cast<uint8_t *>(t.y)); break;
        case COPY_2: copy_one(t.job, i, static_cast<const uint16_t *>(t.samples), static_cast<uint16_t *>(t.y)); break;
        case COPY_4: copy_one(t.job, i, static_cast<const uint32_t *>(t.samples), static_cast<uint32_t *>(t.y)); break;
        case COPY_8: copy_one(t.job, i, static_cast<const uint64_t *>(t.samples), static_cast<uint64_t *>(t.y)); break;
        case COPY_16: copy_one(t.job, i, static_cast<const uint4 *>(t.samples), static_cast<uint4 *>(t.y)); break;
        case LOOK_UP: look_up_one(t.job, i, bytes, t.table, static_cast<float *>(t.y)); break;
        case LOOK_UP_4: look_up_four(t.job, i * 4, bytes, t.table, static_cast<float *>(t.y)); break;
    }
}

inline batch_order order_of(const gli_take_batch_geom &g, const gli_take_batch_arrays &a) {
    return {g.samples, g.count, g.length, a.order, a.position, a.view, a.slot, a.view_slot};
}

/* In units of so many elements. */
inline batch_job job_of(const gli_take_batch_geom &g, const gli_take_batch_arrays &a, int unit) {
    const int elements = g.elements / unit, parts = g.parts > 0 ? g.parts : 1, planes = a.planes > 1 ? a.planes : 1;
    return {order_of(g, a),      static_cast<unsigned>(g.batch) * elements,
            a.stride / unit,     elements / planes,
            divide_by(elements), divide_by(elements / parts),
            divide_by(planes)};
}

inline way way_of_copy(const gli_take_batch_geom &g, const gli_take_batch_arrays &a) {
    const bool whole = int64_t(g.elements) * a.size % 16 == 0 && int64_t(a.stride) * a.size % 16 == 0;
    if (a.planes <= 1 && whole && aligned16(a.samples) && aligned16(a.y)) return COPY_16;
    return a.size == 1 ? COPY_1 : a.size == 2 ? COPY_2 : a.size == 4 ? COPY_4 : COPY_8;
}

inline way way_of_look_up(const gli_take_batch_geom &g, const gli_take_batch_arrays &a) {
    const bool whole = g.elements / g.parts % 4 == 0 && a.stride % 4 == 0;
    const bool fours = a.planes <= 1 && whole && aligned16(a.y) && reinterpret_cast<uintptr_t>(a.samples) % 4 == 0;
    return fours ? LOOK_UP_4 : LOOK_UP;
}

inline taking taking_of(const gli_take_batch_geom &g, const gli_take_batch_arrays &a) {
    const way how  = a.table ? way_of_look_up(g, a) : way_of_copy(g, a);
    const int unit = how == COPY_16 ? 16 / a.size : 1;
    return {job_of(g, a, unit), a.samples, a.table, a.y, how};
}

inline int blocks_of(const taking &t) {
    return blocks_for(t.how == LOOK_UP_4 ? t.job.count / 4 : t.job.count, BATCH_THREADS);
}

}  // namespace glia

#endif
