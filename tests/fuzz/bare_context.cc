#include "fuzz/fuzz.h"

// Of the core's context, which would bring all devices, the readers need these.
extern "C" {
void gli_context_retain(glia_context *) {}
void gli_context_release(glia_context *) {}
glia_status gli_enter(glia_context *ctx) { return ctx ? GLIA_OK : GLIA_INVALID_ARGUMENT; }
void gli_leave(glia_context *) {}
}

namespace glia {

Context::Context() {
    const glia_allocator standard{};
    gli_memory_init(&ctx_.memory, &standard);
}

Context::~Context() { require(gli_memory_allocated(&ctx_.memory) == 0, "memory is left"); }

}  // namespace glia
