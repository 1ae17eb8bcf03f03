/* A small folder of pictures for programs that have none: circles, squares and triangles of any size, place and colour,
 * in noise. */
#ifndef GLI_EXAMPLES_SHAPES_H
#define GLI_EXAMPLES_SHAPES_H

#include <glia/glia.h>

enum { SHAPES_PATH = 256 };

/* Writes `each` pictures of each kind as DIR/KIND/NUMBER.ppm, in a folder that it creates in TMPDIR or /tmp, and whose
 * path goes to dir; "": there is none. */
glia_status make_shapes(glia_context *ctx, int each, char dir[SHAPES_PATH]);

/* Deletes them. */
void remove_shapes(const char *dir, int each);

#endif
