/* A build without libpng. */
#include "image/image.h"
#include "image/image_write.h"

#define WITHOUT "this build of Glia has no libpng: install it (Debian and Ubuntu: libpng-dev) and build again"

glia_status gli_png_read(gli_job *job, const gli_image_request *request, gli_bytes file, glia_image_info *info,
                         gli_pixels *out) {
    (void)request, (void)file, (void)info, (void)out;
    return GLI_JOB_NOT_BUILT(job, "is PNG, and " WITHOUT);
}

glia_status gli_png_write(gli_job *job, const gli_pixels *pixels, gli_output *out) {
    (void)pixels, (void)out;
    return GLI_JOB_NOT_BUILT(job, "PNG is not written: " WITHOUT);
}
