#include "kernels/optimizer/sgd_launch.h"

#include "kernels/optimizer/update.cuh"

namespace glia {
namespace {

template <class C>
struct sgd_rule : update_rule<C> {
    C momentum, one_minus_dampening;
    bool nesterov;

    /* param, grad, velocity */
    __device__ void step(const C (&in)[3], C (&out)[2]) const {
        const C param = in[0], grad = this->penalized(in[1], param);
        const C velocity = momentum * in[2] + one_minus_dampening * grad;
        out[0]           = param - this->rate * (nesterov ? grad + momentum * velocity : velocity);
        out[1]           = velocity;
    }
};

template <class T>
cudaError_t sgd(const gli_sgd_geom &g, const gli_sgd_arrays &a, cudaStream_t stream) {
    typedef compute<T> C;
    const sgd_rule<C> rule = {update_rule_of<C>(g.l1, g.weight_decay, a.all), C(g.momentum), C(1 - g.dampening),
                              g.nesterov};
    return update<T, 3, 2>(rule, {a.all.param, a.all.grad, a.velocity}, {a.all.new_param, a.new_velocity}, a.all,
                           g.count, stream);
}

}  // namespace
}  // namespace glia

cudaError_t gli_kernel_sgd(const gli_sgd_geom *geom, const gli_sgd_arrays *arrays, cudaStream_t stream) {
    return GLI_FOR_WIDE_FLOAT(arrays->all.dtype, T, glia::sgd<T>(*geom, *arrays, stream));
}
