/* A small folder of pictures for programs that have none: circles, squares and triangles of any size, place and colour,
 * in noise. */
#ifndef GLI_EXAMPLES_SHAPES_H
#define GLI_EXAMPLES_SHAPES_H

#include "support/made_folder.h"

made_folder shapes_folder(int each);

#endif
