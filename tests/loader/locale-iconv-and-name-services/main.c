#define _GNU_SOURCE
#include <iconv.h>
#include <langinfo.h>
#include <locale.h>
#include <netdb.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <wchar.h>
#include <wctype.h>
#include "check.h"

static void convert(const char *from, const char *in, size_t n,
		    const char *want)
{
	char out[100], *o = out, *i = (char *)in;
	size_t left = sizeof out - 1;
	iconv_t cd = iconv_open("UTF-8", from);

	if (cd == (iconv_t)-1) {
		CHECK_FAIL("iconv_open from %s", from);
		return;
	}
	EQ(iconv(cd, &i, &n, &o, &left), 0);
	*o = 0;
	STREQ(out, want);
	iconv_close(cd);
}

int main(int argc, char **argv)
{
	struct addrinfo *ai = 0;
	struct passwd *pw;
	wchar_t w[10];

	STREQ(setlocale(LC_ALL, "C.UTF-8"), "C.UTF-8");
	STREQ(nl_langinfo(CODESET), "UTF-8");
	EQ(mbstowcs(w, "h\xc3\xa9", 10), 2);
	EQ(w[1], 0xe9);
	EQ(towupper(0xe9), 0xc9);
	PTREQ(setlocale(LC_ALL, "no_SUCH"), 0);
	(void)argv;
	convert("UCS-4LE", "\xac\x20\0", 4, "\xe2\x82\xac");
	convert("UNICODEBIG", "\x30\x42", 2, "\xe3\x81\x82");
	if (argc == 1) {
		/* Modules from the gconv directory. */
		convert("ISO-8859-15", "\xa4", 1, "\xe2\x82\xac");
		convert("EUC-JP", "\xa4\xa2", 2, "\xe3\x81\x82");
		convert("KOI8-R", "\xc1", 1, "\xd0\xb0");
	}
	/* Name services. */
	pw = getpwuid(0);
	CHECK(pw);
	if (pw)
		STREQ(pw->pw_name, "root");
	pw = getpwnam("nobody");
	CHECK(pw && pw->pw_uid);
	PTREQ(getpwnam("no-such-user-here"), 0);
	EQ(getaddrinfo("localhost", "80", 0, &ai), 0);
	if (ai) {
		CHECK(ai->ai_family == AF_INET || ai->ai_family == AF_INET6);
		freeaddrinfo(ai);
	}
	CHECK(getservbyname("http", "tcp") || 1);
	CHECK(getprotobyname("tcp") || 1);
	return DONE();
}
