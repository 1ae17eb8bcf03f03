/* Numbers and dates of CSV. */
#include <string.h>

#include "core/print.h"
#include "io/csv.h"

static size_t digits_at(const gli_csv_field *field, size_t at) {
    size_t n = 0;
    while (at + n < field->bytes && field->text[at + n] >= '0' && field->text[at + n] <= '9') ++n;
    return n;
}

static bool has(const gli_csv_field *field, size_t at, const char *one_of) {
    return at < field->bytes && field->text[at] && strchr(one_of, field->text[at]);
}

/* [+-] digits [. digits] [e [+-] digits], with digits on one side of the decimal separator. */
bool gli_csv_number(const gli_csv_field *field, char decimal, double *out) {
    enum { LONGEST = 128 };
    const char separator[] = {decimal, '\0'};
    char text[LONGEST];
    size_t at = has(field, 0, "+-"), point = 0;
    if (field->bytes == 0 || field->bytes >= sizeof text) return false;
    size_t digits = digits_at(field, at);
    at += digits;
    if (has(field, at, separator)) {
        point                 = at++;
        const size_t fraction = digits_at(field, at);
        digits += fraction, at += fraction;
        memcpy(text, field->text, field->bytes);
        text[point] = '.';
    } else {
        memcpy(text, field->text, field->bytes);
    }
    if (digits == 0) return false;
    if (has(field, at, "eE")) {
        at += 1 + has(field, at + 1, "+-");
        const size_t exponent = digits_at(field, at);
        if (exponent == 0) return false;
        at += exponent;
    }
    text[field->bytes] = '\0';
    return at == field->bytes && gli_scan_double(text, out);
}

/* Exactly n digits. */
static bool take_digits(const gli_csv_field *field, size_t *at, size_t n, int *out) {
    if (digits_at(field, *at) < n) return false;
    for (*out = 0; n > 0; --n) *out = 10 * *out + (field->text[(*at)++] - '0');
    return true;
}

static bool take(const gli_csv_field *field, size_t *at, const char *one_of) {
    return has(field, *at, one_of) && ++*at;
}

/* Days from 1970-01-01, in the proleptic Gregorian calendar. Years begin in March, so that the leap day is the last.
 * Source: Hinnant, "chrono-compatible low-level date algorithms". */
static int64_t days_of(int year, int month, int day) {
    const int y = year - (month <= 2) + 400, m = (month + 9) % 12; /* y is not negative */
    const int64_t of_year = (153 * m + 2) / 5 + day - 1;
    return 365 * (int64_t)y + y / 4 - y / 100 + y / 400 + of_year - 719468 - 146097;
}

static bool take_day(const gli_csv_field *field, size_t *at, int64_t *days) {
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year, month, day;
    if (!take_digits(field, at, 4, &year) || !take(field, at, "-") || !take_digits(field, at, 2, &month) ||
        !take(field, at, "-") || !take_digits(field, at, 2, &day))
        return false;
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (month < 1 || month > 12 || day < 1 || day > lengths[month - 1] + (leap && month == 2)) return false;
    *days = days_of(year, month, day);
    return true;
}

/* The fraction of a second, to a point that a double of days still shows. */
static double take_fraction(const gli_csv_field *field, size_t *at) {
    double fraction = 0, unit = 1;
    for (size_t n = digits_at(field, *at); n > 0; --n) fraction += (field->text[(*at)++] - '0') * (unit /= 10);
    return fraction;
}

/* HH:MM[:SS[.fraction]][Z|+HH[:MM]] */
static bool take_time(const gli_csv_field *field, size_t *at, double *seconds) {
    int hour, minute, second = 0, zone_hour, zone_minute = 0;
    double fraction = 0;
    if (!take_digits(field, at, 2, &hour) || !take(field, at, ":") || !take_digits(field, at, 2, &minute)) return false;
    if (take(field, at, ":")) {
        if (!take_digits(field, at, 2, &second)) return false;
        if (take(field, at, ".,")) {
            if (digits_at(field, *at) == 0) return false;
            fraction = take_fraction(field, at);
        }
    }
    if (hour > 23 || minute > 59 || second > 59) return false;
    *seconds = 3600 * hour + 60 * minute + second + fraction;
    if (take(field, at, "Z") || *at == field->bytes) return true;
    const bool west = has(field, *at, "-");
    if (!take(field, at, "+-") || !take_digits(field, at, 2, &zone_hour)) return false;
    if (take(field, at, ":") && digits_at(field, *at) != 2) return false;
    if (digits_at(field, *at) == 2) take_digits(field, at, 2, &zone_minute);
    const int zone = 3600 * zone_hour + 60 * zone_minute;
    *seconds += west ? zone : -zone;
    return zone_hour <= 23 && zone_minute <= 59;
}

bool gli_csv_date(const gli_csv_field *field, double *out) {
    enum { DAY = 24 * 60 * 60 };
    size_t at      = 0;
    int64_t days   = 0;
    double seconds = 0;
    if (!take_day(field, &at, &days)) return false;
    if (at < field->bytes && (!take(field, &at, "T ") || !take_time(field, &at, &seconds))) return false;
    *out = (double)days * DAY + seconds;
    return at == field->bytes;
}
