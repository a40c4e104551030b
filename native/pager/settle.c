/*
 * What a reader does in the background once every page is in a memfd: copies what is to be the
 * process's own, and lets go of what needs no pager any more. In slices, between messages.
 *
 *   SHARED   nothing to do: whoever touches a page finds it in the object
 *   ANON     copied; when all of it is there, nothing is left for us
 *   PRIVATE  keeps the userfaultfd: what the process drops must not come back from the memfd
 *
 * A space without PRIVATE content graduates: its userfaultfd is closed, and what it shares is
 * unregistered with it. Shared mappings are not unregistered one by one: UFFDIO_UNREGISTER does not
 * fail while an event is unread (fs/userfaultfd.c, 6.18), so it could hit private memory that
 * another thread has just moved to the address.
 */
#include <errno.h>

#include "pager.h"

#define SLICE_PAGES 32

/* Copies a few pages from `at` on. Returns where to go on. */
static uint64_t copy_at(struct thaw_reader *r, const struct thaw_vma *v, uint64_t at)
{
	enum thaw_outcome outcome = THAW_DONE;
	uint64_t next = thaw_install_slice(r, v, at, SLICE_PAGES, &outcome);

	if (next > at) {
		thaw_give_back(r, v, at, next);
		r->progress = true;
	}
	if (outcome == THAW_TARGET_GONE)
		r->gone = true;
	if (outcome == THAW_NO_MEMORY)
		thaw_reader_fail_stop(r, ENOMEM);
	if (outcome == THAW_EVENTS) {
		thaw_reader_wait_for_event(r, 0);
		return next;
	}
	return next > at ? next : at + THAW_PAGE_SIZE;
}

/*
 * The first page of `v` from `at` on that is to be copied; v->end if there is none. Sets *keeps
 * where something of `v` can never be let go of.
 */
static uint64_t find(struct thaw_reader *r, const struct thaw_vma *v, uint64_t at, bool *keeps)
{
	for (; at < v->end; at += THAW_PAGE_SIZE) {
		uint64_t index = thaw_vma_index(v, at);
		uint8_t page = __atomic_load_n(&r->pager->pages[index], __ATOMIC_ACQUIRE);

		if (!(page & THAW_PAGE_HAS_CONTENT) || r->bytes[index] & THAW_SPACE_DROPPED)
			continue;
		/* A lost page keeps us, poisoned or not yet: a child of fork may not inherit it. */
		if (page & THAW_PAGE_POISONED || v->kind == THAW_VMA_PRIVATE)
			*keeps = true;
		else if (v->kind == THAW_VMA_ANON && !(r->bytes[index] & THAW_SPACE_INSTALLED))
			return at;
	}
	return v->end;
}

bool thaw_settle_slice(struct thaw_reader *r)
{
	const struct thaw_space *s = r->space;
	unsigned int array = thaw_space_current(s);
	bool keeps = false;

	for (uint32_t i = 0; i < s->vma_count[array]; i++) {
		const struct thaw_vma *v = &s->vmas[array][i];
		uint64_t at = v->start > r->drain_next ? v->start : r->drain_next;

		if (v->index == THAW_NO_INDEX || v->kind == THAW_VMA_ZERO || at >= v->end)
			continue;
		if (v->kind == THAW_VMA_ANON && !(r->ref->flags & THAW_SPACE_DRAIN)) {
			keeps = true;
			continue;
		}
		at = find(r, v, at, &keeps);
		if (at < v->end) {
			r->drain_next = copy_at(r, v, at);
			return true;
		}
	}
	if (r->drain_next && r->progress) { /* once more, for what was passed over */
		r->drain_next = 0;
		r->progress = false;
		return true;
	}
	keeps |= r->drain_next; /* something cannot be copied: a guard, or a hole in the layout */
	thaw_give_back_all(r);
	r->drained = true;
	if (!keeps) {
		r->ref->flags |= THAW_SPACE_GRADUATED;
		r->gone = true;
	}
	return false;
}
