/* Batches from the host. A large batch is uploaded while the previous step runs, to memory that no step reads, and then
 * copied within the device to where the plan expects it. That takes little of the step's time, and frees the memory for
 * the next batch: a second buffer would start no upload earlier by more than that. */
#ifndef GLI_TRAIN_FEED_H
#define GLI_TRAIN_FEED_H

#include "core/device.h"
#include "data/loader.h"
#include "glia/tensor.h"

enum { GLI_MAX_STEP_INPUTS = 2 * GLIA_MAX_FIELDS };

/* The buffer of one step; empty until a batch is large enough. */
typedef struct gli_feed {
    glia_tensor *memory; /* of all tensors */
    glia_tensor *in[GLI_MAX_STEP_INPUTS];
    bool refused; /* there was no memory for it */
} gli_feed;

/* Puts the next batch of the loader into `in`: n tensors, the first `inputs` of them inputs, the others targets. */
glia_status gli_feed_load(gli_feed *feed, gli_loader *loader, glia_tensor *const *in, int n, int inputs);
void gli_feed_close(gli_feed *feed);

#endif
