/* Cache of prepared calls: what a library made for one geometry, layout and alignment is used by every equal call, of
 * plans and of tensors, and so is a refusal. Entries that are not in use stay cached up to a limit; beyond it the least
 * recently used are freed. */
#ifndef GLI_CORE_PREPARED_H
#define GLI_CORE_PREPARED_H

#include "core/provider.h"

/* Finds or prepares the call for a provider that has `release`. GLIA_UNSUPPORTED: the provider refuses, and why has
 * GLI_REASON bytes for its reason. On success gli_prepared_give_back must follow. */
glia_status gli_prepared_take(const gli_call *call, const gli_provider *provider, char *why, gli_prepared_entry **out);
void gli_prepared_give_back(glia_context *ctx, gli_prepared_entry *entry);
const gli_prepared *gli_prepared_of(const gli_prepared_entry *entry);

/* Calls provider->prepare. A refusal is not a failure of the context: the provider's message becomes the reason, and
 * the context keeps the message it had. */
glia_status gli_prepare(const gli_call *call, const gli_provider *provider, gli_prepared *out, char *why);

/* How many calls are cached, and how many of them are not in use. */
void gli_prepared_count(const glia_context *ctx, int *kept, int *idle);

/* Frees the entries that are not in use; if none is left, the cache itself. True if anything was freed. */
bool gli_prepared_trim(glia_context *ctx);

#endif
