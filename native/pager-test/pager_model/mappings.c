/* What the threads of the model do with mappings: moved, kept, grown, unmapped. */
#include "area.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "setup.h"
#include "thaw_tables.h"

static bool is_free(const struct worker *w, const char *addr, uint32_t count)
{
	for (unsigned int n = 0; n < w->area_count; n++) {
		const struct area *a = &w->areas[n];

		if (addr < a->addr + a->count * PAGE && a->addr < addr + count * PAGE)
			return false;
	}
	return true;
}

/* A free place in the arena of the thread, or NULL. */
static char *some_place(struct worker *w, uint32_t count)
{
	for (int try = 0; try < 10; try++) {
		char *at = (char *)(ARENA_BASE + (w->id * ARENA_PAGES +
						  below(w, ARENA_PAGES - MAX_PAGES)) *
							 PAGE);

		if (is_free(w, at, count))
			return at;
	}
	return NULL;
}

void op_move(struct worker *w)
{
	struct area *a = some_area(w);
	int flags = MREMAP_MAYMOVE;
	char *to = NULL, *at;
	uint32_t grow = 0;

	if (below(w, 3) == 0 && split(w, a, below(w, a->count)))
		a = &w->areas[w->area_count - 1];
	if (below(w, 4)) {
		to = some_place(w, a->count + 16);
		flags |= to ? MREMAP_FIXED : 0;
	}
	if (a->kind != THAW_VMA_SHARED && a->count + 16 < MAX_PAGES && below(w, 2))
		grow = below(w, 16);
	at = mremap(a->addr, a->count * PAGE, (a->count + grow) * PAGE, flags, to);
	if (at == MAP_FAILED && errno == EFAULT)
		return; /* mprotect has left it in two VMAs, which mremap does not move as one */
	if (at == MAP_FAILED)
		die("mremap(%p, %u, %u, %d, %p)", a->addr, a->count, a->count + grow, flags, to);
	a->addr = at;
	a->count += grow; /* their pages are zeros already */
	check_page(w, a, below(w, a->count));
	check_page(w, a, a->count - 1);
}

/* The old range stays, and reads as zeros: an area of its own. */
void op_move_and_keep(struct worker *w)
{
	struct area *a = some_area(w), *b = &w->areas[w->area_count];
	char *to = some_place(w, a->count), *at;

	if (!to || w->area_count == MAX_AREAS || a->kind == THAW_VMA_SHARED)
		return;
	at = mremap(a->addr, a->count * PAGE, a->count * PAGE,
		    MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP, to);
	if (at == MAP_FAILED && errno == EFAULT)
		return;
	if (at == MAP_FAILED)
		die("mremap(%p, %u, MREMAP_DONTUNMAP)", a->addr, a->count);
	*b = *a;
	w->area_count++;
	b->pages = mmap(NULL, MAX_PAGES * sizeof(struct page), PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	a->addr = at;
	for (int i = 0; i < 4; i++)
		check_page(w, below(w, 2) ? a : b, below(w, a->count));
}

void op_grow_in_place(struct worker *w)
{
	struct area *a = some_area(w);
	uint32_t grow = 1 + below(w, 24);

	if (a->kind == THAW_VMA_SHARED || a->count + grow > MAX_PAGES ||
	    !is_free(w, a->addr + a->count * PAGE, grow))
		return;
	if (mremap(a->addr, a->count * PAGE, (a->count + grow) * PAGE, 0) == MAP_FAILED)
		return; /* the place is taken */
	a->count += grow;
	for (uint32_t i = a->count - grow; i < a->count; i++) {
		if (below(w, 2))
			check_page(w, a, i);
	}
}

void op_unmap(struct worker *w)
{
	struct area *a = some_area(w);
	uint32_t from, count;

	if (w->area_count < 4 && a->count < 64)
		return;
	some_range(w, a, 40, &from, &count);
	if (from && from + count < a->count && !split(w, a, from + count))
		return;
	if (munmap(a->addr + from * PAGE, count * PAGE))
		die("munmap");
	for (uint32_t i = from; i < from + count; i++)
		forget(&a->pages[i]);
	if (count == a->count) {
		drop_area(w, a);
	} else if (from == 0) {
		memmove(a->pages, a->pages + count, (a->count - count) * sizeof(struct page));
		memset(a->pages + a->count - count, 0, count * sizeof(struct page));
		a->addr += count * PAGE;
		a->count -= count;
	} else {
		a->count = from;
	}
}
