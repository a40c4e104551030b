/*
 * How long a fault takes: from having read its message to having woken its thread, the part of it
 * that is the pager's own. Two readings of the clock (the vDSO's: no system call), two additions, by
 * the only thread that ever writes this histogram. It lies in the session, which thaw-init holds: a
 * pager that dies loses at most the fault in hand.
 */
#include <string.h>
#include <time.h>

#include "pager.h"

uint64_t thaw_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + t.tv_nsec;
}

/* The bucket of a value: its highest bits, and how far they were shifted. */
unsigned int thaw_latency_bucket(uint64_t nanos)
{
	unsigned int bits = 64 - __builtin_clzll(nanos | 1), shift, bucket;

	shift = bits > THAW_LATENCY_SUB_BITS + 1 ? bits - (THAW_LATENCY_SUB_BITS + 1) : 0;
	bucket = (shift << THAW_LATENCY_SUB_BITS) + (unsigned int)(nanos >> shift);
	return bucket < THAW_LATENCY_BUCKETS ? bucket : THAW_LATENCY_BUCKETS - 1;
}

/* Readers in other processes may look at any moment: each word is stored whole. */
static void add(uint64_t *word, uint64_t n)
{
	__atomic_store_n(word, *word + n, __ATOMIC_RELAXED);
}

void thaw_latency_add(struct thaw_reader *r, enum thaw_fault_kind kind, uint64_t read_nanos)
{
	struct thaw_histogram *h = &r->pager->session->latency[r->id].kinds[kind];
	uint64_t nanos = thaw_now() - read_nanos;

	add(&h->buckets[thaw_latency_bucket(nanos)], 1);
	add(&h->sum_nanos, nanos);
	if (nanos > h->max_nanos)
		__atomic_store_n(&h->max_nanos, nanos, __ATOMIC_RELAXED);
}

void thaw_latency_note(struct thaw_reader *r, enum thaw_fault_kind kind)
{
	thaw_latency_add(r, r->waited ? THAW_FAULT_WAITED : kind, r->read_nanos);
}

/* Adds `of` to `sum` and clears it. By the main thread, which lets go of the spaces. */
void thaw_latency_release(struct thaw_latency *sum, struct thaw_latency *of)
{
	for (unsigned int kind = 0; kind < THAW_FAULT_KINDS; kind++) {
		struct thaw_histogram *to = &sum->kinds[kind], *from = &of->kinds[kind];

		for (unsigned int i = 0; i < THAW_LATENCY_BUCKETS; i++) {
			if (from->buckets[i])
				add(&to->buckets[i], from->buckets[i]);
		}
		add(&to->sum_nanos, from->sum_nanos);
		if (from->max_nanos > to->max_nanos)
			__atomic_store_n(&to->max_nanos, from->max_nanos, __ATOMIC_RELAXED);
	}
	memset(of, 0, sizeof(*of));
}
