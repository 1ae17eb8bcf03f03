#include "image/png/png_memory.h"

#include <string.h>

#include "core/size.h"

void gli_png_error(png_structp png, png_const_charp message) {
    gli_png_call *call = png_get_error_ptr(png);
    snprintf(call->message, sizeof call->message, "%s", message);
    longjmp(call->failed, 1);
}

/* What libpng only warns of does not change pixels. */
void gli_png_warning(png_structp png, png_const_charp message) { (void)png, (void)message; }

/* libpng does not say the size of what it gives back, so it stands in front. */
enum { HEADER = GLI_ALIGNMENT };

png_voidp gli_png_allocate(png_structp png, png_alloc_size_t bytes) {
    gli_png_call *call = png_get_mem_ptr(png);
    size_t all;
    gli_block block;
    if (!gli_add_size(bytes, HEADER, &all) || gli_job_alloc(call->job, all, 1, "PNG", &block) != GLIA_OK) {
        call->no_memory = true;
        return NULL;
    }
    memcpy(block.data, &block, sizeof block);
    return (char *)block.data + HEADER;
}

void gli_png_release(png_structp png, png_voidp memory) {
    const gli_png_call *call = png_get_mem_ptr(png);
    gli_block block;
    memcpy(&block, (char *)memory - HEADER, sizeof block);
    gli_block_free(call->job->ctx, &block);
}
