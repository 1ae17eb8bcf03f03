/* Scalers, of whatever gives the numbers. */
#ifndef GLI_DATA_SCALER_H
#define GLI_DATA_SCALER_H

#include "core/context_impl.h"
#include "glia/series.h"

/* Running moments of one feature, in long double, since the squares of a double's deviations may have no double.
 * Source: Welford, "Note on a method for calculating corrected sums of squares and
 * products", 1962. */
typedef struct gli_moments {
    int64_t count;
    long double mean, squares; /* squares: the sum of squared deviations from the mean */
    double low, high;
} gli_moments;

void gli_moments_update(gli_moments *m, double x);

/* Args with their defaults; NULL: all. */
glia_status gli_scaler_args(glia_context *ctx, const char *function, const glia_scaler_args *given,
                            glia_scaler_args *out);

/* The scalers of n features, each of which has a value. */
glia_status gli_scalers_of(glia_context *ctx, const char *function, const gli_moments *m, int64_t n,
                           const glia_scaler_args *args, glia_scaler *scalers);

glia_status gli_scalers_check(glia_context *ctx, const char *function, const glia_scaler *scalers, int64_t n);

#endif
