// Included behind all others: what follows in that file is compiled without optimisation, for lists that run once,
// where what counts is how long they take to compile.
#ifdef __clang__
#pragma clang optimize off
#else
#pragma GCC optimize("O0")
#endif
