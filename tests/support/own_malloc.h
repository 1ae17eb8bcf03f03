// Whether a program may have a malloc of its own: sanitizers have one, and the functions below it are glibc's.
#pragma once

#include <cstdlib>  // defines __GLIBC__ where the C library is glibc

#if defined(__SANITIZE_ADDRESS__)
#define OWN_MALLOC 0
#elif defined(__has_feature)
#define OWN_MALLOC (!__has_feature(address_sanitizer))
#else
#define OWN_MALLOC 1
#endif
