/* Saved outputs: what a forward call keeps for its backward call, in the form of the provider that wrote it (cuDNN's
 * reserve space, the log-sum-exp of attention). The backward call runs in the same provider, for the same geometry;
 * this module keeps account of both. A descriptor marks such an output GLI_OUT_SAVED, and the input that takes it
 * GLI_IN_SAVED.
 *
 * The record belongs to the storage: a tensor of the user's has one of its own, the tensors of a plan that lie in one
 * storage share its record. */
#ifndef GLI_CORE_SAVED_H
#define GLI_CORE_SAVED_H

#include "core/provider.h"

struct gli_saved {
    const gli_provider *producer; /* NULL: nothing is saved */
    uint64_t stamp;               /* of the geometry it was saved for */
};

/* The call, which this provider has run, has saved `tensor`. */
void gli_saved_note(const gli_call *call, const gli_provider *producer, const glia_tensor *tensor);

/* What the tensor holds is not, or no longer, what a call has saved. */
void gli_saved_forget(const glia_tensor *tensor);

/* The provider that alone can run this call, because it wrote what the call has to read; NULL: any. Fails where nothing
 * is saved, or for another geometry. */
glia_status gli_saved_reader(const gli_call *call, const gli_provider **out);

#endif
