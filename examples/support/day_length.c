#include "support/day_length.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { FIRST_YEAR = 1984, FIRST_TEST_YEAR = 2013, MOST_DAYS = 100000 };

/* A line for each day: year, month, day, its number, x, y, UT1-UTC, length of day in s, ... */
bool read_days(const char *path, days *d) {
    char line[512];
    int year;
    double seconds;
    FILE *file = fopen(path, "r");
    *d         = (days){.length = malloc(MOST_DAYS * sizeof(float))};
    while (file && d->length && fgets(line, sizeof line, file)) {
        const int64_t day = d->count[0] + d->count[1];
        if (sscanf(line, "%d %*d %*d %*d %*f %*f %*f %lf", &year, &seconds) != 2 || year < FIRST_YEAR) continue;
        if (day == MOST_DAYS) break;
        d->length[day] = (float)(1000 * seconds);
        ++d->count[year < FIRST_TEST_YEAR ? 0 : 1];
    }
    if (file) fclose(file);
    return d->count[0] > 0 && d->count[1] > 0;
}

double forecast_last_value(const float *today) { return *today; }

double forecast_month_ago(const float *today) { return today[DAYS_AHEAD - DAYS_OF_MONTH]; }

double forecast_month_average(const float *today) {
    double sum = 0;
    for (int i = 0; i < DAYS_OF_MONTH; ++i) sum += today[-i];
    return sum / DAYS_OF_MONTH;
}

double forecast_error(const days *d, int window, double (*forecast)(const float *today)) {
    const float *test   = d->length + d->count[0];
    const int64_t first = window - 1, end = d->count[1] - DAYS_AHEAD;
    double sum = 0;
    for (int64_t i = first; i < end; ++i) sum += fabs(forecast(test + i) - test[i + DAYS_AHEAD]);
    return sum / (double)(end - first);
}
