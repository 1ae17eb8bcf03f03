/* CSV: records of fields, and what the texts in them mean.
 * Source: RFC 4180; what it leaves open as glia_table_read_csv says. */
#ifndef GLI_IO_CSV_H
#define GLI_IO_CSV_H

#include "io/bytes.h"

enum { GLI_CSV_FIELDS = 1 << 16 }; /* the most that a record may have */

typedef struct gli_csv_field {
    const char *text; /* without the quotes around it */
    size_t bytes;
    bool quoted, doubled; /* doubled: has double quotes, each as two */
} gli_csv_field;

typedef struct gli_csv {
    const gli_named_bytes *in;
    char separator;
    size_t at;
    int64_t line; /* of what comes next, from 1 */
    gli_csv_field *fields;
    int n, capacity;
    int64_t row_line; /* where the record began */
    gli_block text;   /* of gli_csv_text */
} gli_csv;

/* At the beginning of the file. separator 0: it is found. */
glia_status gli_csv_open(const gli_named_bytes *in, char separator, gli_csv *out);
void gli_csv_rewind(gli_csv *csv);
void gli_csv_close(gli_csv *csv);

/* Reads the next record that is not empty into fields; n is 0 at the end. */
glia_status gli_csv_next(gli_csv *csv);

/* The text of a field, ended by a zero, until the next call. Not UTF-8, or with a zero in it: NULL, and a message.
 * name: the column's. */
glia_status gli_csv_text(gli_csv *csv, const gli_csv_field *field, const char *name, const char **out);

/* The text, cut to a length for messages, with control characters as "\x00". */
enum { GLI_CSV_SHOWN = 64 };
const char *gli_csv_show(const gli_csv_field *field, char text[GLI_CSV_SHOWN]);

/* Whether the field is a finite number with this decimal separator, and which. Beyond double's range: infinite. */
bool gli_csv_number(const gli_csv_field *field, char decimal, double *out);

/* Whether the field is a date of ISO 8601, in seconds since 1970-01-01T00:00:00 UTC. */
bool gli_csv_date(const gli_csv_field *field, double *out);

#endif
