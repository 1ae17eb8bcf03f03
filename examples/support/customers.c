#include "support/customers.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>

#include "support/draw.h"

static int write_customer(FILE *file, uint64_t *state) {
    static const char *const contracts[] = {"month", "year", "two years"}, *const lines[] = {"none", "DSL", "fibre"};
    const int contract = (int)(3 * draw(state)), line = (int)(3 * draw(state)), months = 1 + (int)(72 * draw(state)),
              calls   = (int)(6 * draw(state) * draw(state));
    const double bill = 20 + 30 * line + 15 * draw(state);
    /* What speaks for leaving: no term, a bill that is high for its line, early months, questions. */
    const double reasons = 1.3 - 1.6 * contract + 0.045 * (bill - 60) - 0.05 * months + 0.7 * calls;
    const bool left      = draw(state) < 1 / (1 + exp(-1.5 * reasons));
    const bool unknown   = draw(state) < 0.02;
    fprintf(file, "%d,%s,%s,", months, contracts[contract], lines[line]);
    if (!unknown) fprintf(file, "%d", (int)bill);
    return fprintf(file, ",%d,%s\n", calls, left ? "yes" : "no");
}

glia_status make_customers(int count, char dir[MADE_PATH], char path[MADE_PATH + 16]) {
    uint64_t state = 1;
    GLIA_TRY(make_empty_folder("customers", dir));
    snprintf(path, MADE_PATH + 16, "%s/customers.csv", dir);
    FILE *file = fopen(path, "w");
    if (!file) return perror(path), GLIA_IO_ERROR;
    bool written = fputs("months,contract,line,bill,calls,left\n", file) >= 0;
    for (int i = 0; i < count && written; ++i) written = write_customer(file, &state) > 0;
    return fclose(file) == 0 && written ? GLIA_OK : (perror(path), GLIA_IO_ERROR);
}
