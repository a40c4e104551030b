/*
 * How many pages to install with a faulting one, and which: from the faults of the same VMA before.
 *
 *   up, down   the fault is next to the last window: a window ahead of it, twice as large
 *   strided    the same distance three times: single pages ahead at that distance
 *   otherwise  an aligned window around the page
 *
 * In the first two the thread goes on to what comes with the page, so it is woken when all of it is
 * there: woken earlier, on another CPU, it faults on each page that is just being installed (286
 * instead of 35 faults in a scan of 64 MiB).
 *
 * A scan upwards that has the largest window gets the next one while its thread is busy with the last:
 * installing and reading overlap. The thread catches up with the install and faults on a page that is
 * there by then; that fault is answered by a wake-up, and is the sign to go on.
 *
 * Pages have no price beyond the time to install them: a CONTINUEd page exists anyway, and a copied
 * one is punched out of the memfd. Random touches get the same window for their whole life: 64 pages
 * cost 26 us instead of 10, and to make fewer of them costs as much in further faults (16, 64 and
 * 256 pages differ by 20 % over 30,000 random touches of 1 GiB).
 */
#include <string.h>

#include "pager.h"

/* From so many equal distances on. */
#define STRIDE_CERTAIN 2
#define STRIDE_PAGES_MAX 32

static struct thaw_pattern *pattern_of(struct thaw_reader *r, const struct thaw_vma *vma)
{
	struct thaw_pattern *p = &r->patterns[(vma->start >> THAW_PAGE_SHIFT) * 0x9e3779b97f4a7c15ull >>
					      (64 - THAW_PATTERN_SHIFT)];

	if (p->vma_start != vma->start) { /* another VMA had the place: it starts anew */
		memset(p, 0, sizeof(*p));
		p->vma_start = vma->start;
	}
	return p;
}

static void clip(const struct thaw_vma *vma, struct thaw_window *w)
{
	if (w->start < vma->start)
		w->start = vma->start;
	if (w->end > vma->end)
		w->end = vma->end;
}

static struct thaw_window strided(const struct thaw_pattern *p, uint64_t address, uint64_t max)
{
	uint64_t pages = 1ull << (p->repeats < 6 ? p->repeats : 6);
	struct thaw_window w = {address, address + THAW_PAGE_SIZE, 0, 0, true};

	if (pages > STRIDE_PAGES_MAX)
		pages = STRIDE_PAGES_MAX;
	w.stride = p->stride;
	w.count = pages < max ? pages : max;
	return w;
}

struct thaw_window thaw_pattern_window(struct thaw_reader *r, const struct thaw_vma *vma,
				       uint64_t address, uint64_t around, uint64_t max)
{
	struct thaw_pattern *p = pattern_of(r, vma);
	struct thaw_window w = {address, address, 0, 0, true};
	int64_t distance = (int64_t)(address - p->last);
	uint64_t pages = p->pages * 2 < max ? p->pages * 2 : max;
	bool again = p->pages && distance == p->stride;

	p->repeats = again ? p->repeats + 1 : 0;
	p->stride = distance;
	p->ahead = 0;
	if (p->pages && address == p->above) {
		w.end = address + (pages << THAW_PAGE_SHIFT);
		if (p->pages == pages && pages > 1) /* it is as large as it gets */
			p->ahead = address;
	} else if (p->pages && address + THAW_PAGE_SIZE == p->below) {
		w.end = address + THAW_PAGE_SIZE;
		w.start = pages << THAW_PAGE_SHIFT < w.end ? w.end - (pages << THAW_PAGE_SHIFT) : 0;
	} else if (p->repeats >= STRIDE_CERTAIN && max > 1) {
		w = strided(p, address, max);
		/* The next fault is expected behind what is installed now. */
		p->last = address + w.stride * w.count;
		p->above = p->below = 0;
		return w;
	} else {
		w.together = false;
		pages = around;
		w.start = address & ~((pages << THAW_PAGE_SHIFT) - 1);
		w.end = w.start + (pages << THAW_PAGE_SHIFT);
	}
	clip(vma, &w);
	p->pages = pages;
	p->last = address;
	p->above = w.end;
	p->below = w.start;
	return w;
}

struct thaw_window thaw_pattern_ahead(struct thaw_reader *r, const struct thaw_vma *vma,
				      uint64_t address)
{
	struct thaw_pattern *p = pattern_of(r, vma);
	struct thaw_window w = {address, address, 0, 0, false};

	if (!p->ahead || address < p->ahead || address >= p->above)
		return w;
	w.start = p->above;
	w.end = p->above + (p->pages << THAW_PAGE_SHIFT);
	clip(vma, &w);
	p->ahead = w.start;
	p->above = w.end;
	p->last = w.start;
	return w;
}
