/* What reading and writing PNG share: libpng's memory is the context's, and its errors come back by longjmp, out of
 * libpng alone. */
#ifndef GLI_IMAGE_PNG_MEMORY_H
#define GLI_IMAGE_PNG_MEMORY_H

#include <png.h>
#include <setjmp.h>

#include "image/image.h"

/* The error pointer and the memory pointer of libpng's structs. */
typedef struct gli_png_call {
    gli_job *job;
    jmp_buf failed;
    bool no_memory;   /* an allocation failed; libpng may have gone on without */
    char message[96]; /* libpng's */
} gli_png_call;

void gli_png_error(png_structp png, png_const_charp message);
void gli_png_warning(png_structp png, png_const_charp message);
png_voidp gli_png_allocate(png_structp png, png_alloc_size_t bytes);
void gli_png_release(png_structp png, png_voidp memory);

/* The orientation of the EXIF in a file; 1 where it has none, or a broken one. */
int gli_png_orientation(gli_bytes file);

#endif
