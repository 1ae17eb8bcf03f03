#include "kernels/optimizer/rmsprop_launch.h"

#include "kernels/optimizer/update.cuh"

namespace glia {
namespace {

template <class C>
struct rmsprop_rule : update_rule<C> {
    C alpha, one_minus_alpha, epsilon, momentum;
    bool centered;

    /* param, grad, mean square, velocity, mean gradient */
    __device__ void step(const C (&in)[5], C (&out)[4]) const {
        const C param = in[0], grad = this->penalized(in[1], param);
        const C square = alpha * in[2] + one_minus_alpha * grad * grad, mean = alpha * in[4] + one_minus_alpha * grad;
        const C variance = centered && !isinf(square) ? square - mean * mean : square;
        const C scale    = sqrt(variance < 0 ? C(0) : variance) + epsilon;
        const C velocity = momentum * in[3] + grad / scale;
        out[0]           = param - this->rate * velocity;
        out[1]           = square;
        out[2]           = velocity;
        out[3]           = mean;
    }
};

template <class T>
cudaError_t rmsprop(const gli_rmsprop_geom &g, const gli_rmsprop_arrays &a, cudaStream_t stream) {
    typedef compute<T> C;
    const rmsprop_rule<C> rule = {update_rule_of<C>(g.l1, g.weight_decay, a.all),
                                  C(g.alpha),
                                  C(1 - g.alpha),
                                  C(g.epsilon),
                                  C(g.momentum),
                                  g.centered};
    return update<T, 5, 4>(rule, {a.all.param, a.all.grad, a.square, a.velocity, a.mean},
                           {a.all.new_param, a.new_square, a.new_velocity, a.new_mean}, a.all, g.count, stream);
}

}  // namespace
}  // namespace glia

cudaError_t gli_kernel_rmsprop(const gli_rmsprop_geom *geom, const gli_rmsprop_arrays *arrays, cudaStream_t stream) {
    return GLI_FOR_WIDE_FLOAT(arrays->all.dtype, T, glia::rmsprop<T>(*geom, *arrays, stream));
}
