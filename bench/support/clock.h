#ifndef GLI_BENCH_CLOCK_H
#define GLI_BENCH_CLOCK_H

#ifdef __cplusplus
extern "C" {
#endif

/* Seconds of a clock that never goes back. */
double bench_now(void);

#ifdef __cplusplus
}
#endif
#endif
