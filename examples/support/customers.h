/* A table of customers for programs that have none: how long they have stayed, what they have and pay, how often they
 * asked for help, and whether they left. Many who pay much, month by month, leave early; and some for no reason. */
#ifndef GLI_EXAMPLES_CUSTOMERS_H
#define GLI_EXAMPLES_CUSTOMERS_H

#include "support/made_folder.h"

/* Writes `count` of them, the same ones each time, to customers.csv in a folder of its own, as make_empty_folder makes
 * it, and the path of the file to path. */
glia_status make_customers(int count, char dir[MADE_PATH], char path[MADE_PATH + 16]);

#endif
