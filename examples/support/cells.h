/* Boxes as a network without anchors learns them: its picture is a grid of cells, and the cell in which the middle of a
 * box lies answers for it. Source: Tian et al., "FCOS: Fully Convolutional One-Stage Object Detection", 2019, with one
 * level and one cell for a box. */
#ifndef GLI_EXAMPLES_CELLS_H
#define GLI_EXAMPLES_CELLS_H

#include <glia/glia.h>

enum { CELL = 8 }; /* pixels */

typedef struct cells {
    int64_t rows, classes, most; /* of the square grid; of the boxes; boxes of a sample */
} cells;

/* Of a dataset as glia_dataset_from_image_boxes gives it one with other targets, f32:
 *   "scores" [classes,rows,rows]   1 where a box of the class has its middle, else 0
 *   "sides" [4,rows,rows]          there, how far the middle is from that of the cell, x and y, in cells, and the
 *                                  logarithms of the box's width and height in cells
 *   "weights" [4,rows,rows]        1 there, else 0
 * what has to outlive it. */
glia_status make_cells(glia_dataset *data, cells *what, glia_dataset **out);

typedef struct detections {
    glia_detection *all; /* of malloc; .image is the number of the sample */
    int64_t n;
} detections;

/* What a network with the outputs "scores", as logits, and "sides" finds in the samples of such a dataset, after
 * non-maximum suppression. The caller frees out->all. */
glia_status find_boxes(glia_context *ctx, glia_model *net, const cells *what, glia_dataset *data, detections *out);

/* The average precision of each class and their mean, where half of the union has to be in the intersection. */
glia_status print_average_precision(glia_context *ctx, glia_dataset *data, const detections *found);

/* A file of the first n samples in a row, with their boxes, and below them with what was found and is likely. */
glia_status show_boxes(glia_context *ctx, glia_dataset *data, const detections *found, int64_t n, const char *path);

#endif
