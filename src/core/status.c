#include "glia/glia.h"

#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)

const char *glia_version(void) {
    return TEXT(GLIA_VERSION_MAJOR) "." TEXT(GLIA_VERSION_MINOR) "." TEXT(GLIA_VERSION_PATCH);
}

const char *glia_status_name(glia_status status) {
    switch (status) {
#define X(name, text) \
    case GLIA_##name: return "GLIA_" #name;
        GLIA_STATUS_LIST(X)
#undef X
    }
    return "not a glia_status";
}

const char *glia_status_text(glia_status status) {
    switch (status) {
#define X(name, text) \
    case GLIA_##name: return text;
        GLIA_STATUS_LIST(X)
#undef X
    }
    return "not a glia_status";
}
