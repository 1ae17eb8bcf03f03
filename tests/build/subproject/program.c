#ifdef WITH_GLIA
#include <glia/glia.h>
#endif

int parent_number(void);

int main(void) {
#ifdef WITH_GLIA
    if (!glia_version()) return 1;
#endif
    return parent_number() == 4 ? 0 : 1;
}
