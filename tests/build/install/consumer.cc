#include <glia/glia.h>

int main() {
    glia_context *ctx   = nullptr;
    glia_tensor *tensor = nullptr;
    glia_status status  = glia_context_create("cpu", nullptr, &ctx);
    if (status == GLIA_OK) status = glia_tensor_create(ctx, GLIA_F32, GLIA_SHAPE(2, 3), &tensor);
    const bool ok = status == GLIA_OK && glia_tensor_count(tensor) == 6;
    glia_tensor_destroy(tensor);
    glia_context_destroy(ctx);
    return ok ? 0 : 1;
}
