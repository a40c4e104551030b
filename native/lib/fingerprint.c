// Finds zero pages and computes page fingerprints, for the store's "equal pages once".
//
// A dump reads hostile memory: a hash that somebody can compute in advance would let one process
// choose pages that collide with another's and so change its memory at the restore. So this is a
// keyed universal hash and the key, fresh random bits for each dump, is never written anywhere. Two
// different pages get the same fingerprint with a probability of at most 2^-126, whatever they hold
// (dump writes nothing back to where an attacker could see whether two pages were equal until it is
// over):
//
//   NH of UMAC (Black, Halevi, Krawczyk, Krovetz, Rogaway, CRYPTO '99) with 64-bit words,
//   sum of (m[i] + k[i]) * (m[i+1] + k[i+1]) mod 2^128, collides with at most 2^-64; the 128 bits
//   are brought to 64 by multilinear hashing with 128-bit keys (Lemire, Kaser: Strongly universal
//   string hashing is fast), which collides with at most 2^-64; both are done twice with
//   independent keys.
//
// It costs two multiplications for 16 bytes, and no table, no CPU feature beyond baseline x86-64.

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))
#define WORDS 512 // in a page

typedef unsigned __int128 u128;

// Mirrored by dev.thaw.linux.PageFingerprints.KEY_BYTES.
struct key {
	uint64_t nh[2][WORDS];
	uint64_t fold[2][6]; // three 128-bit keys for each half, low word first
};
_Static_assert(sizeof(struct key) == 8288, "PageFingerprints.KEY_BYTES");

static int is_zero(const uint64_t *page)
{
	for (size_t i = 0; i < WORDS; i += 8) {
		if (page[i] | page[i + 1] | page[i + 2] | page[i + 3] | page[i + 4] | page[i + 5] |
		    page[i + 6] | page[i + 7])
			return 0;
	}
	return 1;
}

static u128 wide(const uint64_t *words)
{
	return (u128)words[1] << 64 | words[0];
}

static uint64_t fold(u128 hash, const uint64_t *key)
{
	u128 sum = wide(key);

	sum += wide(key + 2) * (uint64_t)hash;
	sum += wide(key + 4) * (uint64_t)(hash >> 64);
	return sum >> 64;
}

// Writes two words for each of `count` pages: both zero for a zero page, and for no other.
EXPORT void thaw_fingerprint_pages(const void *pages, uint64_t count, const struct key *key,
				   uint64_t *out)
{
	const uint64_t *page = pages;

	for (; count > 0; count--, page += WORDS, out += 2) {
		u128 first = 0, second = 0;

		out[0] = 0;
		out[1] = 0;
		if (is_zero(page))
			continue;
		for (size_t i = 0; i < WORDS; i += 2) {
			uint64_t a = page[i], b = page[i + 1];

			first += (u128)(a + key->nh[0][i]) * (b + key->nh[0][i + 1]);
			second += (u128)(a + key->nh[1][i]) * (b + key->nh[1][i + 1]);
		}
		out[0] = fold(first, key->fold[0]);
		out[1] = fold(second, key->fold[1]);
		if (out[0] == 0 && out[1] == 0)
			out[1] = 1;
	}
}
