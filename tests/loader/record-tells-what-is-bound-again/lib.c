/* Definitions that leave and come: value, needed (not with LESS), and two that are
 * one for all objects. */
int value(void) { return V; }
#ifndef LESS
int needed(void) { return 10 * V; }
#endif
__asm__(".data\n.globl unique_one, unique_two\n"
	".type unique_one, %gnu_unique_object\n.type unique_two, %gnu_unique_object\n"
	".size unique_one, 8\n.size unique_two, 8\n.balign 8\n"
	"unique_one: .zero 8\nunique_two: .zero 8\n.text\n");
