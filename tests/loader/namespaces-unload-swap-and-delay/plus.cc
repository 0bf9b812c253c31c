#include <stdexcept>

inline int &shared()
{
	static int n;
	return n;
}

extern "C" int plus_next()
{
	return ++shared();
}

extern "C" void plus_throw()
{
	throw std::runtime_error("from a namespace");
}

extern "C" int plus_catch(void (*fn)())
{
	try {
		fn();
	} catch (...) {
		return 1;
	}
	return 0;
}
