/* Saved outputs: what a forward call saves for its backward call, in the format of its provider (cuDNN's reserve space,
 * the log-sum-exp of attention). The backward call has to run in the same provider, or in one that computes it again,
 * for the same geometry; this module checks both. A descriptor marks such an output GLI_OUT_SAVED, and the input that
 * takes it GLI_IN_SAVED.
 *
 * The record belongs to the storage: a user's tensor has its own, the tensors of a plan that are in one storage
 * share its record. */
#ifndef GLI_CORE_SAVED_H
#define GLI_CORE_SAVED_H

#include "core/provider.h"

struct gli_saved {
    const gli_provider *producer; /* NULL: nothing is saved */
    uint64_t stamp;               /* of the geometry it was saved for */
};

/* Records that this provider ran the call and saved `tensor`. */
void gli_saved_note(const gli_call *call, const gli_provider *producer, const glia_tensor *tensor);

/* Records that the content of the tensor is not, or no longer, what a call saved. */
void gli_saved_forget(const glia_tensor *tensor);

/* The provider that wrote the saved tensor that the call reads, and so the only one that can run it but for those that
 * accept GLI_ANY_SAVED; NULL: the call reads none. Fails if nothing is saved, or for another geometry. */
glia_status gli_saved_producer(const gli_call *call, const gli_provider **out);

#endif
