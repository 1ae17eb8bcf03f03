#include "kernels/optimizer/adam_launch.h"

#include "kernels/optimizer/update.cuh"

namespace glia {
namespace {

template <class C>
struct adam_rule : update_rule<C> {
    bool decoupled; /* AdamW */
    C beta1, one_minus_beta1, beta2, one_minus_beta2, epsilon;
    C log_beta1, log_beta2;
    const int64_t *step_address;
    C correction1, root_correction2; /* 1 / (1 - beta1^step), and the root of that of beta2 */

    /* 1 - beta^step through expm1: at the first steps beta^step is near 1, and the difference would cancel. */
    __device__ void load() {
        const C step = C(*step_address);
        update_rule<C>::load();
        correction1      = -1 / expm1(step * log_beta1);
        root_correction2 = sqrt(-1 / expm1(step * log_beta2));
    }
    /* param, grad, m, v */
    __device__ void step(const C (&in)[4], C (&out)[3]) const {
        const C param = in[0], grad = this->penalized(in[1], param, decoupled);
        const C m       = beta1 * in[2] + one_minus_beta1 * grad;
        const C v       = beta2 * in[3] + one_minus_beta2 * grad * grad;
        const C decayed = decoupled ? param * (1 - this->rate * this->weight_decay) : param;
        out[0]          = decayed - this->rate * correction1 * (m / (sqrt(v) * root_correction2 + epsilon));
        out[1]          = m;
        out[2]          = v;
    }
};

template <class T>
cudaError_t adam(const gli_adam_geom &g, const gli_adam_arrays &a, cudaStream_t stream) {
    typedef compute<T> C;
    const adam_rule<C> rule = {update_rule_of<C>(g.l1, g.weight_decay, a.all),
                               g.decoupled,
                               C(g.beta1),
                               C(1 - g.beta1),
                               C(g.beta2),
                               C(1 - g.beta2),
                               C(g.epsilon),
                               C(log(g.beta1)),
                               C(log(g.beta2)),
                               a.step,
                               0,
                               0};
    return update<T, 4, 3>(rule, {a.all.param, a.all.grad, a.m, a.v}, {a.all.new_param, a.new_m, a.new_v}, a.all,
                           g.count, stream);
}

}  // namespace
}  // namespace glia

cudaError_t gli_kernel_adam(const gli_adam_geom *geom, const gli_adam_arrays *arrays, cudaStream_t stream) {
    return GLI_FOR_WIDE_FLOAT(arrays->all.dtype, T, glia::adam<T>(*geom, *arrays, stream));
}
