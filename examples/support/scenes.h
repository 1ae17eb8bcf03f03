/* Small pictures of three kinds for programs that have none: a beach, a forest, a sunset, each in colours and places of
 * its own, in noise. */
#ifndef GLI_EXAMPLES_SCENES_H
#define GLI_EXAMPLES_SCENES_H

#include <glia/glia.h>

enum { SCENE_SIDE = 32, SCENE_KINDS = 3 };

/* Pictures of a folder as glia_dataset_from_image_folder gives them: "image", f32 [3,32,32] from 0 to 1, and "label".
 * folder NULL: `count` of these three kinds, painted, as such a dataset. */
glia_status open_scenes(glia_context *ctx, const char *folder, int count, glia_dataset **out);

#endif
