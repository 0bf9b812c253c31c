/* NAME is what this copy defines; MODEL a TLS model, if it has a variable; N a
 * version, by which two with the same name differ. */
#define GLUE(a, b)  a##b
#define NAMED(a, b) GLUE(a, b)

#ifndef N
#define N 1
#endif

static int data[3000] = { 1 };
#ifdef MODEL
static __thread int var __attribute__((tls_model(MODEL))) = 2;
static __thread char more[200];
#endif

int NAMED(NAME, _get)(void)
{
#ifdef MODEL
	return (++var + more[data[1]]) * N;
#else
	return 3 * data[0] * N;
#endif
}

static void __attribute__((constructor)) begin(void)
{
	data[2]++;
}

static void __attribute__((destructor)) end(void)
{
	data[2]--;
}
