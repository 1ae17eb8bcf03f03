/* The samples of datasets of pictures. */
#ifndef GLI_IMAGE_IMAGE_SAMPLE_H
#define GLI_IMAGE_IMAGE_SAMPLE_H

#include "image/box_list.h"
#include "image/image.h"
#include "io/file_list.h"

/* What the source of such a dataset has. */
typedef struct gli_image_set {
    glia_context *ctx;
    glia_image_dataset_args args; /* checked, with defaults */
    gli_image_request picture, mask;
    gli_file_list list;
    gli_block masks; /* const char *, the path of each picture's mask; empty: there are none */
    gli_file_list mask_list;
    bool has_boxes;
    gli_box_list boxes; /* of picture i those of list entry i's label */
    int64_t max_boxes;
} gli_image_set;

/* Reads sample->index, in any thread: the user is a gli_image_set. */
glia_status gli_image_sample_read(void *user, const glia_sample *sample);

#endif
