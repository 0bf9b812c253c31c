/* A thread_local object with a destructor, and a variable that is one for all
 * objects by the rules of C++ (STB_GNU_UNIQUE).  N: a version.  No object with
 * static storage has a destructor: when they come and go in turn, glibc's own
 * table of them grows. */
template <class T> struct one {
	static int n;
};
template <class T> int one<T>::n = 2;

struct object {
	int n = 1;
	~object()
	{
		n = 0;
	}
};
static thread_local object local;

extern "C" int v_get()
{
	one<int>::n = 3;
	return (one<int>::n * local.n) * N;
}
