/*
 * What the pager's test programs and dev.thaw.pager.ModelRun agree on: the content of every page,
 * and the messages on descriptor 3.
 */
#ifndef PAGER_TEST_MODEL_H
#define PAGER_TEST_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#define PAGE 4096ul
#define WORDS 512ul

/* driver -> victim, with the descriptors of the private and the shared memfd */
struct model_config {
	uint64_t seed;
	uint32_t threads;
	uint32_t private_pages; /* per thread, as are the next two */
	uint32_t anon_pages;
	uint32_t shared_pages;
	uint32_t millis;
	uint32_t corrupt_per_mille; /* frames that cannot be read */
	uint32_t frame_pages;
	uint32_t exact; /* 1: what would be private mappings of the memfd is anonymous memory */
};

/* victim -> driver, an array, with the userfaultfd */
struct model_vma {
	uint64_t start;
	uint64_t end;
	uint64_t first_page;
	uint32_t backing; /* 0 private, 1 shared */
	uint32_t kind;	  /* enum thaw_vma_kind */
};

static inline uint64_t mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15ull;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
	return x ^ (x >> 31);
}

/* Three quarters of the pages have content, in runs of four. */
static inline bool model_has_content(uint64_t seed, uint64_t store_page)
{
	return mix(seed ^ (store_page / 4)) % 4 != 0;
}

static inline uint64_t model_word(uint64_t seed, uint64_t store_page, uint64_t word)
{
	return mix(seed + store_page * WORDS + word);
}

static inline bool model_is_corrupt(const struct model_config *c, uint64_t store_page)
{
	return mix(~c->seed ^ (store_page / c->frame_pages)) % 1000 < c->corrupt_per_mille;
}

#endif
