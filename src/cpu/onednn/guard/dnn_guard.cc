#include "cpu/onednn/dnn_api.h"

#include <execinfo.h>

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

/* Exceptions pass through std::call_once in oneDNN and so through C code, whose unwinder glibc loads when it is first
 * needed: where memory is short that ends the process. A backtrace needs it as well, while there is memory. */
extern "C" void gli_dnn_load_unwinder(void) {
    void *frame;
    backtrace(&frame, 1);
}

#define GUARDED(name) Guarded<dnnl_##name>::call,
const gli_dnn_calls gli_dnnl = {GLI_DNN_CALLS(GUARDED)};
