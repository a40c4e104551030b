/*
 * A page that was copied to its process exists twice until the memfd lets go of it. It does so at
 * once, unless a child of a fork lives: the child may still have to get the page from there.
 *
 * INSTALLED is set before, so a page without content in the memfd is never asked for again: a
 * reader that takes over finds either the mark or the page.
 */
#include <fcntl.h>
#include <linux/falloc.h>

#include "pager.h"

static bool forked_spaces(const struct thaw_session *s)
{
	uint32_t used = __atomic_load_n(&s->space_count, __ATOMIC_ACQUIRE);

	for (uint32_t i = 0; i < used; i++) {
		const struct thaw_space_ref *ref = &s->spaces[i];

		if (__atomic_load_n(&ref->state, __ATOMIC_ACQUIRE) != THAW_SPACE_FREE && ref->parent)
			return true;
	}
	return false;
}

static void punch(struct thaw_reader *r, const struct thaw_vma *vma, uint64_t start, uint64_t end)
{
	uint64_t page = vma->first_page + ((start - vma->start) >> THAW_PAGE_SHIFT);

	/* A failure costs memory and nothing else. */
	(void)!fallocate(r->pager->session->backings[vma->backing].fd,
			 FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			 (off_t)(page << THAW_PAGE_SHIFT), (off_t)(end - start));
}

void thaw_give_back(struct thaw_reader *r, const struct thaw_vma *vma, uint64_t start,
		    uint64_t end)
{
	if (vma->kind != THAW_VMA_ANON || vma->index == THAW_NO_INDEX)
		return;
	if (forked_spaces(r->pager->session)) {
		r->owes_pages = true;
		return;
	}
	for (uint64_t at = start; at < end;) {
		uint64_t stop = at;

		while (stop < end && r->bytes[thaw_vma_index(vma, stop)] & THAW_SPACE_INSTALLED)
			stop += THAW_PAGE_SIZE;
		if (stop > at)
			punch(r, vma, at, stop);
		at = stop + THAW_PAGE_SIZE;
	}
}

void thaw_give_back_all(struct thaw_reader *r)
{
	const struct thaw_space *s = r->space;
	unsigned int array = thaw_space_current(s);

	if (!r->owes_pages)
		return;
	r->owes_pages = false;
	for (uint32_t i = 0; i < s->vma_count[array]; i++)
		thaw_give_back(r, &s->vmas[array][i], s->vmas[array][i].start,
			       s->vmas[array][i].end);
}
