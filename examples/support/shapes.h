/* Pictures for programs that have none: circles, squares and triangles of any size, place and colour, in noise. */
#ifndef GLI_EXAMPLES_SHAPES_H
#define GLI_EXAMPLES_SHAPES_H

#include "support/made_folder.h"

enum { SHAPES_SIDE = 48, SHAPE_KINDS = 3 };

/* A folder for each kind, with pictures of one shape. */
made_folder shapes_folder(int each);

/* Pictures of one to three shapes, images/000.ppm, ...; masks/000.pgm, ..., in which the ground is 0 and the kinds are
 * 1, 2 and 3; and boxes.csv, for glia_dataset_from_image_boxes. The folder's path goes to dir as in make_empty_folder.
 */
glia_status make_shapes(glia_context *ctx, int count, char dir[MADE_PATH]);

#endif
