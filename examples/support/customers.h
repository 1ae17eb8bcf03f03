/* A table of customers for programs that have none: how long they have stayed, what they have and pay, how often they
 * asked for help, and whether they left. Many who pay much, month by month, leave early; and some for no reason. */
#ifndef GLI_EXAMPLES_CUSTOMERS_H
#define GLI_EXAMPLES_CUSTOMERS_H

#include <stdbool.h>

enum { CUSTOMERS_PATH = 256 };

/* Writes `count` of them, the same ones each time, to a CSV file that it creates in TMPDIR or /tmp, and whose path goes
 * to path; "": there is none. false: that failed. */
bool make_customers(int count, char path[CUSTOMERS_PATH]);

#endif
