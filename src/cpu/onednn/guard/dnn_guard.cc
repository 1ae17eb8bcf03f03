#include "cpu/onednn/dnn_api.h"

namespace {

template <auto function>
struct Guarded;

template <class... Parameters, dnnl_status_t (*function)(Parameters...)>
struct Guarded<function> {
    static dnnl_status_t call(Parameters... parameters) noexcept {
        try {
            return function(parameters...);
        } catch (...) {
            return dnnl_out_of_memory;
        }
    }
};

}  // namespace

#define GUARDED(name) Guarded<dnnl_##name>::call,
const gli_dnn_calls gli_dnnl = {GLI_DNN_CALLS(GUARDED)};
