/* A build without libjpeg. */
#include "image/image.h"

glia_status gli_jpeg_read(gli_job *job, const gli_image_request *request, gli_bytes file, glia_image_info *info,
                          gli_pixels *out) {
    (void)request, (void)file, (void)info, (void)out;
    return GLI_JOB_NOT_BUILT(
        job,
        "is JPEG, and this build of Glia has no libjpeg: install libjpeg-turbo (Debian and Ubuntu: "
        "libjpeg-dev) and build again");
}
