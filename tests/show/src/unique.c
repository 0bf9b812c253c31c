/* A definition that is one for all objects, as C++ has them. */
__asm__(".data\n.globl unique_one\n.type unique_one, %gnu_unique_object\n"
	".size unique_one, 8\n.balign 8\nunique_one: .zero 8\n.text\n");
extern long unique_one;
long user(void);
long user(void)
{
	return unique_one;
}
