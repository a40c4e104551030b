/*
 * The areas of memory that the threads of the model use, and the shadow of each page. A thread owns its
 * areas; nobody else touches them. An area is one mapping of pages, each with its shadow; mapping
 * operations move, split, shrink and grow areas.
 */
#ifndef PAGER_MODEL_AREA_H
#define PAGER_MODEL_AREA_H

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "model.h"

#define MAX_AREAS 24
#define MAX_PAGES 2048
#define MAX_THREADS 16
#define ARENA_PAGES 16384ul /* per thread: where FIXED moves go */
#define ARENA_BASE 0x200000000000ul

struct page {
	uint64_t *shadow; /* NULL: zeros */
	bool poisoned;
};

struct area {
	char *addr;
	uint32_t count;
	int kind;
	struct page *pages;
};

struct worker {
	pthread_t thread;
	unsigned int id;
	uint64_t random;
	uint64_t steps;
	const char *doing;
	struct area areas[MAX_AREAS];
	unsigned int area_count;
	int pipe[2];
	uint64_t buffer[WORDS * 16];
	sigjmp_buf on_sigbus;
	volatile sig_atomic_t expecting;
	pid_t child; /* runs beside us; 0 for none */
};

extern struct model_config config;

static inline uint64_t rnd(struct worker *w)
{
	return w->random = mix(w->random);
}

static inline uint64_t below(struct worker *w, uint64_t bound)
{
	return rnd(w) % bound;
}

/* area.c: pages and their shadows, areas whole and in parts. */
uint64_t *new_page(void);
void forget(struct page *p);
const uint64_t *expected(const struct page *p);
__attribute__((noreturn)) void mismatch(struct worker *w, struct area *a, uint32_t i,
					const uint64_t *found);
/* Touches a page that is to give SIGBUS. */
void check_poisoned(struct worker *w, struct area *a, uint32_t i);
void check_page(struct worker *w, struct area *a, uint32_t i);
void check_all(struct worker *w, bool with_shared);
struct area *some_area(struct worker *w);
/* A random part of an area: at least one page. */
void some_range(struct worker *w, const struct area *a, uint32_t max, uint32_t *from,
		uint32_t *count);
void add_area(struct worker *w, char *addr, uint32_t count, int kind, uint64_t store_page);
/* Splits `a` so that page `at` begins an area of its own, the last one. */
bool split(struct worker *w, struct area *a, uint32_t at);
void drop_area(struct worker *w, struct area *a);

/* content.c: what changes and compares the content of pages. */
void op_read(struct worker *w);
void op_write(struct worker *w);
void op_syscall(struct worker *w);
void op_dontneed(struct worker *w);
void op_mprotect(struct worker *w);

/* mappings.c: what changes where pages are. */
void op_move(struct worker *w);
void op_move_and_keep(struct worker *w);
void op_grow_in_place(struct worker *w);
void op_unmap(struct worker *w);

#endif
