/* The length of the day, from EOP 14 C04 of the IERS, one value a day, and forecasts of it that need no learning. */
#ifndef GLI_EXAMPLES_DAY_LENGTH_H
#define GLI_EXAMPLES_DAY_LENGTH_H

#include <stdbool.h>
#include <stdint.h>

enum {
    DAYS_OF_MONTH = 27, /* of the moon around the Earth, and so of the strongest tides */
    DAYS_AHEAD    = 7   /* what is forecast */
};

/* Milliseconds beyond 86,400 s, day after day: first those to learn from, then those to be judged by. */
typedef struct days {
    float *length;
    int64_t count[2];
} days;

/* Days from 1984 on, before which the errors of measurement are larger than what is to be forecast; those from 2013 on
 * are the second part. The caller frees d->length, whatever is returned. false: no such file, or another one. */
bool read_days(const char *path, days *d);

/* From the days up to `today`, which is the last of them: today's value, that of a month before the day that is
 * forecast, and the mean of a month. */
double forecast_last_value(const float *today);
double forecast_month_ago(const float *today);
double forecast_month_average(const float *today);

/* The mean absolute error over the second part, whose first `window` - 1 days are only looked back at. */
double forecast_error(const days *d, int window, double (*forecast)(const float *today));

#endif
