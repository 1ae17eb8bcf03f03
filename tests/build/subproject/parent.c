int parent_number(void);

int parent_number(void) { return 4; }
