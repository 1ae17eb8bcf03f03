/* What a provider takes, as data: dispatch checks it, `glia doctor --providers` prints it. What cannot be said so is
 * left to the provider's decline. */
#ifndef GLI_CORE_ACCEPTS_H
#define GLI_CORE_ACCEPTS_H

#include "core/memory_format.h"

struct gli_call;

enum {
    GLI_TAKES_F32    = 1 << GLIA_F32,
    GLI_TAKES_F64    = 1 << GLIA_F64,
    GLI_TAKES_BF16   = 1 << GLIA_BF16,
    GLI_TAKES_F16    = 1 << GLIA_F16,
    GLI_TAKES_HALVES = GLI_TAKES_BF16 | GLI_TAKES_F16,
    GLI_TAKES_FLOATS = GLI_TAKES_F32 | GLI_TAKES_F64 | GLI_TAKES_HALVES
};

typedef enum gli_accepts_flag {
    GLI_ONE_DTYPE   = 1 << 0, /* all tensors but indices, wide ones and halves have one data type */
    GLI_ONE_LAYOUT  = 1 << 1, /* all tensors but scalars have the strides of the first input */
    GLI_NOT_EMPTY   = 1 << 2, /* each tensor has elements */
    GLI_F32_REDUCED = 1 << 3, /* f32 only in a context whose math allows reduced precision */
    GLI_ANY_SAVED   = 1 << 4, /* saved inputs of any provider, since it reads nothing of them (core/saved.h) */
    GLI_SOME_HALF   = 1 << 5, /* a tensor of data is bf16 or f16 */
} gli_accepts_flag;

typedef struct gli_accepts {
    unsigned dtypes;  /* of tensors of floats: GLI_TAKES bits. Integers are what the op says they are, and so are wide
                       * tensors and halves (core/op.h). */
    unsigned formats; /* gli_memory_format bits, for tensors that are neither images nor indices */
    unsigned images;  /* the same for images, which all lie in one of these; 0: as `formats` */
    unsigned flags;   /* gli_accepts_flag bits */
} gli_accepts;

#define GLI_ACCEPTS_ALL {GLI_TAKES_FLOATS, GLI_ANY_FORMAT}

/* NULL if the call is one of these; otherwise the reason, in why, which holds GLI_REASON bytes. */
enum { GLI_REASON = 160 };
const char *gli_accepts_not(const gli_accepts *accepts, const struct gli_call *call, char *why);

/* Whether the images of a call lie in planes, [N][C][...], rather than with channels last. Where they are both,
 * channels last gives the longer runs if an image is one element large. For providers that take both. */
bool gli_images_in_planes(const struct gli_call *call);

#endif
