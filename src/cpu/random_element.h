/* One element of random_fill, as its header says. Every CPU provider calls it, so that they give the same bits. */
#ifndef GLI_CPU_RANDOM_ELEMENT_H
#define GLI_CPU_RANDOM_ELEMENT_H

#include "ops/random/random_fill_geom.h"

double gli_random_element(const gli_random_fill_geom *g, int i);

#endif
