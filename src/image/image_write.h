/* Writing pictures to files that are replaced as a whole. */
#ifndef GLI_IMAGE_IMAGE_WRITE_H
#define GLI_IMAGE_IMAGE_WRITE_H

#include "image/image.h"
#include "io/output.h"

/* Messages are in the job, or GLIA_OK; a failure of the output has left its own in the context, and job's is empty. */
glia_status gli_png_write(gli_job *job, const gli_pixels *pixels, gli_output *out);
glia_status gli_pnm_write(gli_job *job, const gli_pixels *pixels, gli_output *out);

#endif
