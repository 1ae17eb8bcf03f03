/* A softmax's sums in one visit of x; the second visit of larger teams is from shared memory where rows fit (rows.cuh).
 * A few items take one launch; with more, each block leaves a partial sum that a second launch adds up. The gradient's
 * kernel computes the loss as well where it is asked for, with the sums that it has. */
#include "kernels/loss/cross_entropy_items.cuh"

namespace glia {
namespace {

template <class T, int TEAM>
__global__ void __launch_bounds__(CLASS_THREADS, 1) loss_kernel(problem<T> p, loss_target<T> out) {
    GLI_DYNAMIC_SHARED(class_memory<T>, memory);
    class_team<TEAM> team(p);
    item_sums<T> sum = {};
    for (int64_t i = team.first(); team.any(i, p.shape); i += team.step()) {
        const row<T, TEAM> r(p, team, i, memory);
        softmax_sums<T> s = softmax_sums<T>::none();
        if (p.from == GLIA_FROM_LOGITS) s = softmax_of(r);
        out.add(r, loss_of(r, s), sum);
    }
    out.finish(sum, memory->losses);
}

template <class T>
__global__ void __launch_bounds__(CLASS_THREADS) finish_kernel(loss_target<T> out, int blocks) {
    __shared__ item_sums<T> shared[CLASS_WARPS];
    const item_sums<T> sum = sum_of_blocks(out.of_block, blocks, shared);
    if (threadIdx.x == 0) out.store(sum);
}

template <class T>
cudaError_t finish(const loss_target<T> &out, int blocks, cudaStream_t stream) {
    if (!out.y || !out.reduced || blocks == 1) return cudaSuccess;
    return GLI_LAUNCH(finish_kernel<T>, 1, CLASS_THREADS, 0, stream, out, blocks);
}

template <class T>
__global__ void __launch_bounds__(CLASS_THREADS) weights_kernel(problem<T> p, item_sums<T> *of_block) {
    __shared__ item_sums<T> shared[CLASS_WARPS];
    const item_sums<T> sum = weights_of_block(p, share_of_grid(), shared);
    if (threadIdx.x == 0) of_block[blockIdx.x] = sum;
}

template <class T, int TEAM>
__global__ void __launch_bounds__(CLASS_THREADS, 1)
    backward_kernel(problem<T> p, gradient<T> g, loss_target<T> losses) {
    GLI_DYNAMIC_SHARED(class_memory<T>, memory);
    backward_items<TEAM>(p, g, losses, share_of_grid(), memory);
}

/* Decides how larger teams read rows, and whether they stay in shared memory. bytes: of shared memory. out: an array of
 * the layout of x that is written, or NULL. kernel: for teams of a block. */
template <class T>
cudaError_t plan_rows(problem<T> &p, bool needed_again, const void *out, const void *kernel, size_t *bytes) {
    const int classes = p.shape.classes, team = team_for(p.shape);
    const bool again  = needed_again && p.from == GLIA_FROM_LOGITS;
    row_shape s       = {0, classes, team, CLASS_THREADS, 1, team < LANES ? 0 : int(ROW_AHEAD), false, false};
    p.wide            = p.shape.inner == 1 && wide_rows<T>(p.x, classes) && aligned16(out);
    cudaError_t error = cudaSuccess;
    if (again && team >= LANES) error = place_rows(s, blocks_for(classes, vector<T>::width), 1, kernel);
    p.kept    = s.kept;
    p.cluster = s.cluster;
    *bytes    = row_bytes(s, 1);
    return error;
}

template <class T>
int blocks_of(const problem<T> &p, const loss_target<T> &out) {
    const bool reduced = out.y && out.reduced;
    const int all      = blocks_of_teams(p.shape, (reduced ? int(CLASS_BLOCKS) : INT32_MAX) / p.cluster);
    return p.cluster > 1 || !reduced ? all * p.cluster : reduction_blocks(p.shape);
}

template <class T>
cudaError_t cross_entropy(const gli_cross_entropy_geom &geom, const gli_cross_entropy_arrays &a, cudaStream_t stream) {
    problem<T> p             = problem_of<T>(geom, a);
    const loss_target<T> out = target_of(p, geom, a.y, a.workspace);
    size_t bytes             = 0;
    cudaError_t error = plan_rows(p, !p.one_class(), nullptr, gli_address(loss_kernel<T, CLASS_THREADS>), &bytes);
    const int blocks  = blocks_of(p, out);
    if (blocks == 0 || error != cudaSuccess) return error;
    error = GLI_FOR_TEAM(
        team_for(p.shape), TEAM,
        GLI_LAUNCH_CLUSTERS((loss_kernel<T, TEAM>), p.cluster, blocks, CLASS_THREADS, bytes, stream, p, out));
    return error == cudaSuccess ? finish(out, blocks, stream) : error;
}

template <class T>
cudaError_t backward(const gli_cross_entropy_geom &geom, const gli_cross_entropy_arrays &a, cudaStream_t stream) {
    problem<T> p                = problem_of<T>(geom, a);
    auto *of_weights            = static_cast<item_sums<T> *>(a.workspace);
    const loss_target<T> losses = target_of(p, geom, a.y, of_weights + CLASS_BLOCKS);
    gradient<T> g = {static_cast<const T *>(a.dy), static_cast<T *>(a.dx), losses.reduced, losses.over, of_weights, 0};
    size_t bytes  = 0;
    cudaError_t error = plan_rows(p, true, a.dx, gli_address(backward_kernel<T, CLASS_THREADS>), &bytes);
    const int blocks  = blocks_of(p, losses);
    if (blocks == 0 || error != cudaSuccess) return error;
    if (g.over == 0 && blocks > 1) {
        const class_shape one_each = {p.shape.items, 1, 1};
        g.blocks                   = reduction_blocks(one_each);
        error                      = GLI_LAUNCH(weights_kernel<T>, g.blocks, CLASS_THREADS, 0, stream, p, of_weights);
        if (error != cudaSuccess) return error;
    }
    error = GLI_FOR_TEAM(
        team_for(p.shape), TEAM,
        GLI_LAUNCH_CLUSTERS((backward_kernel<T, TEAM>), p.cluster, blocks, CLASS_THREADS, bytes, stream, p, g, losses));
    return error == cudaSuccess ? finish(losses, blocks, stream) : error;
}

}  // namespace
}  // namespace glia

cudaError_t gli_kernel_cross_entropy(const gli_cross_entropy_geom *geom, const gli_cross_entropy_arrays *arrays,
                                     cudaStream_t stream) {
    return GLI_FOR_FLOAT(arrays->dtype, T, glia::cross_entropy<T>(*geom, *arrays, stream));
}

cudaError_t gli_kernel_cross_entropy_backward(const gli_cross_entropy_geom *geom,
                                              const gli_cross_entropy_arrays *arrays, cudaStream_t stream) {
    return GLI_FOR_FLOAT(arrays->dtype, T, glia::backward<T>(*geom, *arrays, stream));
}
