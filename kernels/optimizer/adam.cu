#include "kernels/optimizer/update_launch.h"

#include "kernels/optimizer/update.cuh"

namespace glia {
namespace {

/* What all optimizers share: grad with the share of the penalties. */
template <class C>
struct penalties {
    C l1, l2;
    __device__ C add(C grad, C param, bool without_l2 = false) const {
        const C sign = C(param > 0) - C(param < 0);
        return grad + (without_l2 ? C(0) : l2 * param) + l1 * sign;
    }
};

template <class C>
penalties<C> penalties_of(const gli_update_args &args) {
    return {C(args.l1), C(args.l2)};
}

template <class C>
struct sgd_step {
    struct shared {
        penalties<C> penalty;
        C rate, momentum, taken;
        bool nesterov;
    };
    shared values;
    const float *rate;

    __device__ shared constants() const {
        shared s = values;
        s.rate   = *rate;
        return s;
    }
    __device__ static void step(const shared &s, const C (&in)[3], C (&out)[2]) {
        const C param = in[0], grad = s.penalty.add(in[1], param);
        const C moving = s.momentum * in[2] + s.taken * grad;
        out[0]         = param - s.rate * (s.nesterov ? grad + s.momentum * moving : moving);
        out[1]         = moving;
    }
};

template <class T>
cudaError_t sgd(const gli_sgd_args &a, cudaStream_t stream) {
    typedef compute<T> C;
    const sgd_step<C> f = {{penalties_of<C>(a.all), 0, C(a.momentum), C(1 - a.dampening), a.nesterov}, a.all.rate};
    return update<T, 3, 2>(f, {a.all.param, a.all.grad, a.velocity}, {a.all.new_param, a.new_velocity}, a.all.count,
                           stream);
}

template <class C>
struct adam_step {
    struct shared {
        penalties<C> penalty;
        bool decoupled;
        C beta1, rest1, beta2, rest2, epsilon;
        C log_beta1, log_beta2;
        C rate, scale1, scale2; /* 1 / (1 - beta^step) */
    };
    shared values;
    const float *rate;
    const int64_t *at;

    /* 1 - beta^step through expm1, which keeps its digits at the first steps, where beta^step is near 1. */
    __device__ shared constants() const {
        shared s     = values;
        const C step = C(*at);
        s.rate       = *rate;
        s.scale1     = -1 / expm1(step * s.log_beta1);
        s.scale2     = -1 / expm1(step * s.log_beta2);
        return s;
    }
    __device__ static void step(const shared &s, const C (&in)[4], C (&out)[3]) {
        const C param = in[0], grad = s.penalty.add(in[1], param, s.decoupled);
        const C m    = s.beta1 * in[2] + s.rest1 * grad;
        const C v    = s.beta2 * in[3] + s.rest2 * grad * grad;
        const C kept = s.decoupled ? param * (1 - s.rate * s.penalty.l2) : param;
        out[0]       = kept - s.rate * (m * s.scale1) / (sqrt(v * s.scale2) + s.epsilon);
        out[1]       = m;
        out[2]       = v;
    }
};

template <class T>
cudaError_t adam(const gli_adam_args &a, cudaStream_t stream) {
    typedef compute<T> C;
    adam_step<C> f   = {};
    auto &values     = f.values;
    values.penalty   = penalties_of<C>(a.all);
    values.decoupled = a.decoupled;
    values.beta1 = C(a.beta1), values.rest1 = C(1 - a.beta1), values.log_beta1 = C(log(a.beta1));
    values.beta2 = C(a.beta2), values.rest2 = C(1 - a.beta2), values.log_beta2 = C(log(a.beta2));
    values.epsilon = C(a.epsilon);
    f.rate = a.all.rate, f.at = a.step;
    return update<T, 4, 3>(f, {a.all.param, a.all.grad, a.m, a.v}, {a.all.new_param, a.new_m, a.new_v}, a.all.count,
                           stream);
}

template <class C>
struct adagrad_step {
    struct shared {
        penalties<C> penalty;
        C rate, epsilon;
    };
    shared values;
    const float *rate;

    __device__ shared constants() const {
        shared s = values;
        s.rate   = *rate;
        return s;
    }
    __device__ static void step(const shared &s, const C (&in)[3], C (&out)[2]) {
        const C param = in[0], grad = s.penalty.add(in[1], param), sum = in[2] + grad * grad;
        out[0] = param - s.rate * grad / (sqrt(sum) + s.epsilon);
        out[1] = sum;
    }
};

template <class T>
cudaError_t adagrad(const gli_adagrad_args &a, cudaStream_t stream) {
    typedef compute<T> C;
    const adagrad_step<C> f = {{penalties_of<C>(a.all), 0, C(a.epsilon)}, a.all.rate};
    return update<T, 3, 2>(f, {a.all.param, a.all.grad, a.sum}, {a.all.new_param, a.new_sum}, a.all.count, stream);
}

template <class C>
struct rmsprop_step {
    struct shared {
        penalties<C> penalty;
        C rate, alpha, rest, epsilon, momentum;
        bool centered;
    };
    shared values;
    const float *rate;

    __device__ shared constants() const {
        shared s = values;
        s.rate   = *rate;
        return s;
    }
    __device__ static void step(const shared &s, const C (&in)[5], C (&out)[4]) {
        const C param = in[0], grad = s.penalty.add(in[1], param);
        const C square = s.alpha * in[2] + s.rest * grad * grad, mean = s.alpha * in[4] + s.rest * grad;
        const C scale  = sqrt(s.centered ? square - mean * mean : square) + s.epsilon;
        const C moving = s.momentum * in[3] + grad / scale;
        out[0]         = param - s.rate * moving;
        out[1]         = square;
        out[2]         = moving;
        out[3]         = mean;
    }
};

template <class T>
cudaError_t rmsprop(const gli_rmsprop_args &a, cudaStream_t stream) {
    typedef compute<T> C;
    const rmsprop_step<C> f = {
        {penalties_of<C>(a.all), 0, C(a.alpha), C(1 - a.alpha), C(a.epsilon), C(a.momentum), a.centered}, a.all.rate};
    return update<T, 5, 4>(f, {a.all.param, a.all.grad, a.square, a.velocity, a.mean},
                           {a.all.new_param, a.new_square, a.new_velocity, a.new_mean}, a.all.count, stream);
}

}  // namespace
}  // namespace glia

cudaError_t gli_kernel_sgd(const gli_sgd_args *args, cudaStream_t stream) {
    return GLI_FOR_FLOAT(args->all.dtype, T, glia::sgd<T>(*args, stream));
}

cudaError_t gli_kernel_adam(const gli_adam_args *args, cudaStream_t stream) {
    return GLI_FOR_FLOAT(args->all.dtype, T, glia::adam<T>(*args, stream));
}

cudaError_t gli_kernel_adagrad(const gli_adagrad_args *args, cudaStream_t stream) {
    return GLI_FOR_FLOAT(args->all.dtype, T, glia::adagrad<T>(*args, stream));
}

cudaError_t gli_kernel_rmsprop(const gli_rmsprop_args *args, cudaStream_t stream) {
    return GLI_FOR_FLOAT(args->all.dtype, T, glia::rmsprop<T>(*args, stream));
}
