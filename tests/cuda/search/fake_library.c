/* What cuda_search_test finds, in three builds: as it should be, of another version, and without one function. */
int fake_version(void);
int fake_version(void) { return FAKE_VERSION; }

#ifdef FAKE_WORK
int fake_work(void);
int fake_work(void) { return 42; }
#endif
