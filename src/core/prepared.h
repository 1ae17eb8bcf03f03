/* The calls that a context has prepared: what a library made for one geometry, layout and alignment serves every equal
 * call, of plans as of tensors, and so does a refusal. What nothing uses any more is kept for the next such call, up to
 * a bound; then the least recently used goes first. */
#ifndef GLI_CORE_PREPARED_H
#define GLI_CORE_PREPARED_H

#include "core/provider.h"

/* Finds or prepares the call for a provider that has `release`. GLIA_UNSUPPORTED: the provider refuses, and why has
 * GLI_REASON bytes for its reason. On success gli_prepared_give_back must follow. */
glia_status gli_prepared_take(const gli_call *call, const gli_provider *provider, char *why, gli_prepared_entry **out);
void gli_prepared_give_back(glia_context *ctx, gli_prepared_entry *entry);
const gli_prepared *gli_prepared_of(const gli_prepared_entry *entry);

/* provider->prepare. A refusal is no failure of the context: what the provider said is the reason, and the context
 * keeps the message it had. */
glia_status gli_prepare(const gli_call *call, const gli_provider *provider, gli_prepared *out, char *why);

/* How many calls are kept, and how many of them nothing uses. */
void gli_prepared_count(const glia_context *ctx, int *kept, int *idle);

/* Frees what nothing uses; if nothing is left, the cache itself. True if there was anything. */
bool gli_prepared_trim(glia_context *ctx);

#endif
