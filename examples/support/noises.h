/* A small folder of recordings for programs that have none: bells, birds, drums and sirens of any pitch, place and
 * loudness, in noise. */
#ifndef GLI_EXAMPLES_NOISES_H
#define GLI_EXAMPLES_NOISES_H

#include "support/made_folder.h"

enum { NOISES_RATE = 8000 };

made_folder noises_folder(int each);

#endif
