#define CAT_(a, b) a##b
#define CAT(a, b)  CAT_(a, b)
#define STR_(a)	   #a
#define STR(a)	   STR_(a)
#ifndef V
#define V 0
#endif
#ifndef RET
#define RET 0
#endif
#if V
#define ME STR(NAME) STR(V)
#else
#define ME STR(NAME)
#endif
extern void say(const char *, const char *);
extern int refusing;
int CAT(CAT(__, NAME), __Init)(void)
{
	say("Init", ME);
	return RET;
}
void CAT(CAT(__, NAME), __deInit)(void)
{
	say("deInit", ME);
}
__attribute__((constructor)) static void construct(void)
{
	say("constructor", ME);
}
__attribute__((destructor)) static void destroy(void)
{
	say("destructor", ME);
}
int CAT(NAME, _value)(void)
{
	return V;
}
#ifdef CALLS
extern int CALLS(void);
int call(void)
{
	return CALLS();
}
#endif
