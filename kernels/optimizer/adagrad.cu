#include "kernels/optimizer/adagrad_launch.h"

#include "kernels/optimizer/update.cuh"

namespace glia {
namespace {

template <class C>
struct adagrad_rule : update_rule<C> {
    C epsilon;

    /* param, grad, sum of squares */
    __device__ void step(const C (&in)[3], C (&out)[2]) const {
        const C param = in[0], grad = this->penalized(in[1], param), sum = in[2] + grad * grad;
        out[0] = param - this->rate * (grad / (sqrt(sum) + epsilon));
        out[1] = sum;
    }
};

template <class T>
cudaError_t adagrad(const gli_adagrad_geom &g, const gli_adagrad_arrays &a, cudaStream_t stream) {
    typedef compute<T> C;
    const adagrad_rule<C> rule = {update_rule_of<C>(g.l1, g.weight_decay, a.all), C(g.epsilon)};
    return update<T, 3, 2>(rule, {a.all.param, a.all.grad, a.sum}, {a.all.new_param, a.new_sum}, a.all, g.count,
                           stream);
}

}  // namespace
}  // namespace glia

cudaError_t gli_kernel_adagrad(const gli_adagrad_geom *geom, const gli_adagrad_arrays *arrays, cudaStream_t stream) {
    return GLI_FOR_WIDE_FLOAT(arrays->all.dtype, T, glia::adagrad<T>(*geom, *arrays, stream));
}
