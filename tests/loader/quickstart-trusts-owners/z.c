int z(void) { return VALUE; }
