/* SPDX-License-Identifier: MIT */
/* elf/symbol.h: walks along hash chains that say what they like, within the
 * sizes that elf_dynamic has checked.  Input: sizes, then GNU table, DT_HASH
 * table, symbols, strings. */
#include "tests/fuzz/walk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	struct elf_dyn d = { 0 };
	size_t words = take_number(&in, 1), chains = take_number(&in, 1);
	size_t buckets = take_number(&in, 1), symbols = take_number(&in, 1);
	size_t n;
	unsigned kind = (unsigned)take_number(&in, 1);
	void *bloom, *bucket, *chain, *xlat, *sym;
	char *str;

	d.gnu.shift = (uint32_t)take_number(&in, 1) % 32;
	d.gnu.symndx = (uint32_t)take_number(&in, 4);
	bloom = take_block(&in, (size_t)8 << (words % 4), &n);
	d.gnu.bloom = bloom;
	for (d.gnu.maskwords = 1; d.gnu.maskwords * 16 <= n;)
		d.gnu.maskwords *= 2;
	words = n;
	bucket = take_block(&in, buckets * 4, &n);
	d.gnu.nbuckets = d.sysv.nbucket = (uint32_t)(n / 4);
	chain = take_block(&in, chains * 4, &n);
	d.gnu.nchain = d.sysv.nchain = (uint32_t)(n / 4);
	xlat = take_block(&in, kind & 2 ? d.gnu.nchain * 4 : 0, &n);
	if (kind & 2 && n == d.gnu.nchain * 4)
		d.gnu.xlat = xlat;
	sym = take_block(&in, symbols * sizeof(ElfW(Sym)), &n);
	d.symtab = sym;
	d.nsym = n / sizeof(ElfW(Sym));
	str = take_block(&in, in.left, &d.strsz);
	d.strtab = str;
	if (d.strsz)
		str[d.strsz - 1] = 0;
	if (kind & 1) {
		if (d.sysv.nchain > d.nsym)
			d.sysv.nchain = (uint32_t)d.nsym;
		d.sysv.bucket = bucket;
		d.sysv.chain = chain;
	} else {
		d.sysv = (struct elf_sysv_hash){ 0 };
		d.gnu.buckets = bucket;
		d.gnu.chain = chain;
	}
	if (words >= 8 && d.strsz)
		for (size_t i = 0; i < d.nsym; i++)
			walk_symbol(&d, (uint32_t)i);
	free(bloom);
	free(bucket);
	free(chain);
	free(xlat);
	free(sym);
	free(str);
	return 0;
}
