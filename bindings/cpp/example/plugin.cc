// SPDX-License-Identifier: MIT
inline int calls; // with an inline variable no other linker unloads it

extern "C" int version()
{
	++calls;
	return VERSION;
}
