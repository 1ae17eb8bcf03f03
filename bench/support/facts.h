/* What a bench's results were measured on, as its first line of JSON. */
#ifndef GLI_BENCH_FACTS_H
#define GLI_BENCH_FACTS_H

#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/* {"bench": NAME, "glia": VERSION, "device": "cuda:0", "facts": {"device": ..., "cuDNN": ...}} */
void bench_write_facts(FILE *file, const char *bench, const char *device);

/* Text as a JSON string, with its quotes. */
void bench_write_string(FILE *file, const char *text);

#ifdef __cplusplus
}
#endif
#endif
