/* Pages and their shadows, areas whole and in parts. */
#include "area.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "setup.h"
#include "thaw_tables.h"

static uint64_t zeros[WORDS];

uint64_t *new_page(void)
{
	uint64_t *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		die("shadow");
	return p;
}

void forget(struct page *p)
{
	if (p->shadow)
		munmap(p->shadow, PAGE);
	p->shadow = NULL;
	p->poisoned = false;
}

const uint64_t *expected(const struct page *p)
{
	return p->shadow ? p->shadow : zeros;
}

__attribute__((noreturn)) void mismatch(struct worker *w, struct area *a, uint32_t i,
					       const uint64_t *found)
{
	const uint64_t *want = expected(&a->pages[i]);
	unsigned int at = 0;

	while (at < WORDS - 1 && found[at] == want[at])
		at++;
	errno = 0;
	die("seed %llu thread %u step %llu (%s) pid %d: area %p+%u kind %d page %u word %u: "
	    "found %#llx, expected %#llx",
	    (unsigned long long)config.seed, w->id, (unsigned long long)w->steps, w->doing,
	    getpid(), a->addr, a->count, a->kind, i, at, (unsigned long long)found[at],
	    (unsigned long long)want[at]);
}

void check_poisoned(struct worker *w, struct area *a, uint32_t i)
{
	volatile uint64_t *p = (void *)(a->addr + i * PAGE);

	w->expecting = 1;
	if (!sigsetjmp(w->on_sigbus, 1)) {
		if (below(w, 2))
			*p = 1;
		else
			(void)*p;
		w->expecting = 0;
		errno = 0;
		die("seed %llu thread %u step %llu: no SIGBUS at %p, found %#llx",
		    (unsigned long long)config.seed, w->id, (unsigned long long)w->steps,
		    (void *)p, (unsigned long long)*p);
	}
	w->expecting = 0;
}

void check_page(struct worker *w, struct area *a, uint32_t i)
{
	const uint64_t *p = (void *)(a->addr + i * PAGE);

	if (a->pages[i].poisoned)
		check_poisoned(w, a, i);
	else if (memcmp(p, expected(&a->pages[i]), PAGE))
		mismatch(w, a, i, p);
}

void check_all(struct worker *w, bool with_shared)
{
	for (unsigned int n = 0; n < w->area_count; n++) {
		struct area *a = &w->areas[n];

		for (uint32_t i = 0; i < a->count; i++) {
			if (with_shared || a->kind != THAW_VMA_SHARED)
				check_page(w, a, i);
		}
	}
}

struct area *some_area(struct worker *w)
{
	return &w->areas[below(w, w->area_count)];
}

void some_range(struct worker *w, const struct area *a, uint32_t max, uint32_t *from,
		       uint32_t *count)
{
	*from = below(w, a->count);
	*count = 1 + below(w, max < a->count - *from ? max : a->count - *from);
}

void add_area(struct worker *w, char *addr, uint32_t count, int kind, uint64_t store_page)
{
	struct area *a = &w->areas[w->area_count++];

	a->addr = addr;
	a->count = count;
	a->kind = kind;
	a->pages = mmap(NULL, MAX_PAGES * sizeof(struct page), PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	for (uint32_t i = 0; i < count; i++) {
		struct page *p = &a->pages[i];

		if (!model_has_content(config.seed, store_page + i))
			continue;
		p->shadow = new_page();
		p->poisoned = model_is_corrupt(&config, store_page + i);
		for (unsigned int k = 0; k < WORDS; k++)
			p->shadow[k] = model_word(config.seed, store_page + i, k);
	}
}

bool split(struct worker *w, struct area *a, uint32_t at)
{
	struct area *b = &w->areas[w->area_count];

	if (at == 0 || at >= a->count || w->area_count == MAX_AREAS)
		return false;
	w->area_count++;
	b->addr = a->addr + at * PAGE;
	b->count = a->count - at;
	b->kind = a->kind;
	b->pages = mmap(NULL, MAX_PAGES * sizeof(struct page), PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (b->pages == MAP_FAILED)
		die("pages");
	memcpy(b->pages, a->pages + at, b->count * sizeof(struct page));
	memset(a->pages + at, 0, b->count * sizeof(struct page));
	a->count = at;
	return true;
}

void drop_area(struct worker *w, struct area *a)
{
	for (uint32_t i = 0; i < a->count; i++)
		forget(&a->pages[i]);
	munmap(a->pages, MAX_PAGES * sizeof(struct page));
	*a = w->areas[--w->area_count];
}
