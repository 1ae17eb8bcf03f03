/* Small pictures of three kinds for programs that have none: a beach, a forest, a sunset, each in colours and places of
 * its own, in noise. */
#ifndef GLI_EXAMPLES_SCENES_H
#define GLI_EXAMPLES_SCENES_H

#include <glia/glia.h>

enum { SCENE_SIDE = 32, SCENE_KINDS = 3 };

/* A dataset as glia_dataset_from_image_folder makes one: "image", f32 [3,32,32] from 0 to 1, and "label". */
glia_status make_scenes(glia_context *ctx, int count, glia_dataset **out);

#endif
