/*
 * The VMAs of one space. A change is made in the array that is not current and becomes visible by
 * one store of `commit`, so a reader that is killed in the middle leaves the old state or the new.
 */
#include <errno.h>
#include <string.h>

#include "pager.h"

#define ADDRESS_END 0x7ffffffff000ull
#define DEBT_MAX 64u

static uint64_t commit_word(const struct thaw_space *s, unsigned int applied, unsigned int array)
{
	return s->journal_seq << 16 | (uint64_t)applied << 1 | array;
}

unsigned int thaw_space_applied(const struct thaw_space *s)
{
	if (s->commit >> 16 != (s->journal_seq & 0xffffffffffffull))
		return 0;
	return (s->commit & 0xffff) >> 1;
}

void thaw_space_mark_applied(struct thaw_space *s, unsigned int applied)
{
	__atomic_store_n(&s->commit, commit_word(s, applied, thaw_space_current(s)),
			 __ATOMIC_RELEASE);
}

const struct thaw_vma *thaw_space_floor(const struct thaw_space *s, uint64_t address)
{
	unsigned int array = thaw_space_current(s);
	uint32_t low = 0, high = s->vma_count[array];

	while (low < high) {
		uint32_t mid = (low + high) / 2;

		if (s->vmas[array][mid].start <= address)
			low = mid + 1;
		else
			high = mid;
	}
	return low ? &s->vmas[array][low - 1] : NULL;
}

const struct thaw_vma *thaw_space_find(const struct thaw_space *s, uint64_t address)
{
	const struct thaw_vma *vma = thaw_space_floor(s, address);

	return vma && address < vma->end ? vma : NULL;
}

uint64_t thaw_space_next_start(const struct thaw_space *s, uint64_t address)
{
	unsigned int array = thaw_space_current(s);
	const struct thaw_vma *floor = thaw_space_floor(s, address);
	const struct thaw_vma *next = floor ? floor + 1 : s->vmas[array];

	return next < s->vmas[array] + s->vma_count[array] ? next->start : ADDRESS_END;
}

/* The array that is edited: a copy of the current one. */
static unsigned int edit_begin(struct thaw_space *s)
{
	unsigned int now = thaw_space_current(s), next = !now;

	memcpy(s->vmas[next], s->vmas[now], s->vma_count[now] * sizeof(struct thaw_vma));
	memcpy(s->debt[next], s->debt[now], sizeof(s->debt[now]));
	s->vma_count[next] = s->vma_count[now];
	s->debt_count[next] = s->debt_count[now];
	return next;
}

static void edit_commit(struct thaw_space *s, unsigned int array, unsigned int applied)
{
	__atomic_store_n(&s->commit, commit_word(s, applied, array), __ATOMIC_RELEASE);
}

static uint32_t first_ending_above(const struct thaw_space *s, unsigned int array, uint64_t address)
{
	uint32_t low = 0, high = s->vma_count[array];

	while (low < high) {
		uint32_t mid = (low + high) / 2;

		if (s->vmas[array][mid].end <= address)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static void advance(struct thaw_vma *vma, uint64_t start)
{
	uint64_t pages = (start - vma->start) >> THAW_PAGE_SHIFT;

	vma->first_page += pages;
	if (vma->index != THAW_NO_INDEX)
		vma->index += pages;
	vma->start = start;
}

static int insert_at(struct thaw_space *s, unsigned int array, uint32_t at,
		     const struct thaw_vma *vma)
{
	struct thaw_vma *v = s->vmas[array];

	if (s->vma_count[array] == THAW_MAX_VMAS)
		return -ENOSPC;
	memmove(v + at + 1, v + at, (s->vma_count[array] - at) * sizeof(*v));
	v[at] = *vma;
	s->vma_count[array]++;
	return 0;
}

static int insert(struct thaw_space *s, unsigned int array, const struct thaw_vma *vma)
{
	return insert_at(s, array, first_ending_above(s, array, vma->start), vma);
}

/* Cuts [start, end) out of the array that is edited. */
static int cut(struct thaw_space *s, unsigned int array, uint64_t start, uint64_t end)
{
	struct thaw_vma *v = s->vmas[array];
	uint32_t at = first_ending_above(s, array, start), last;

	if (start >= end || at == s->vma_count[array])
		return 0;
	if (v[at].start < start && v[at].end > end) {
		struct thaw_vma tail = v[at];

		advance(&tail, end);
		v[at].end = start;
		return insert_at(s, array, at + 1, &tail);
	}
	if (v[at].start < start)
		v[at++].end = start;
	for (last = at; last < s->vma_count[array] && v[last].end <= end; last++)
		;
	if (last < s->vma_count[array] && v[last].start < end)
		advance(&v[last], end);
	memmove(v + at, v + last, (s->vma_count[array] - last) * sizeof(*v));
	s->vma_count[array] -= last - at;
	return 0;
}

static void debt_add(struct thaw_space *s, unsigned int array, uint64_t start, uint64_t end)
{
	if (s->debt_count[array] == DEBT_MAX) {
		memmove(&s->debt[array][0], &s->debt[array][1],
			(DEBT_MAX - 1) * sizeof(s->debt[array][0]));
		s->debt_count[array]--;
	}
	s->debt[array][s->debt_count[array]].start = start;
	s->debt[array][s->debt_count[array]++].end = end;
}

/* Takes the first debt within [start, end) out of the list. */
static bool debt_take(struct thaw_space *s, unsigned int array, uint64_t start, uint64_t end,
		      uint64_t *from, uint64_t *to)
{
	for (uint32_t i = 0; i < s->debt_count[array]; i++) {
		if (s->debt[array][i].start < start || s->debt[array][i].end > end)
			continue;
		*from = s->debt[array][i].start;
		*to = s->debt[array][i].end;
		s->debt[array][i] = s->debt[array][--s->debt_count[array]];
		return true;
	}
	return false;
}

/*
 * [start, end) was unmapped. The kernel sends UNMAP after it has let go of the mmap lock: another
 * thread may have moved a mapping to the place meanwhile, and its REMAP may have come first. Then
 * thaw_space_remap() has noted a debt, and the UNMAP is for what was there before.
 */
int thaw_space_unmap(struct thaw_space *s, uint64_t start, uint64_t end, unsigned int applied,
		     uint64_t *lost_maps)
{
	unsigned int array = edit_begin(s);
	uint64_t keep[DEBT_MAX][2], from, to;
	uint32_t kept = 0;
	int err = 0;

	while (kept < DEBT_MAX && debt_take(s, array, start, end, &from, &to)) {
		uint32_t at = kept++;

		for (; at && keep[at - 1][0] > from; at--) {
			keep[at][0] = keep[at - 1][0];
			keep[at][1] = keep[at - 1][1];
		}
		keep[at][0] = from;
		keep[at][1] = to;
	}
	*lost_maps += kept;
	for (uint32_t i = 0; i < kept && !err; i++) {
		if (keep[i][0] > start)
			err = cut(s, array, start, keep[i][0]);
		if (keep[i][1] > start)
			start = keep[i][1];
	}
	if (!err)
		err = cut(s, array, start, end);
	if (!err)
		edit_commit(s, array, applied);
	return err;
}

/*
 * The mapping of [from, from + len) is at `to` now. What is left at `from` reads as zeros until its
 * UNMAP comes; after MREMAP_DONTUNMAP none comes, and zeros are right for as long as it lives. A
 * shared object is then mapped at both places.
 */
int thaw_space_remap(struct thaw_space *s, uint64_t from, uint64_t to, uint64_t len,
		     unsigned int applied)
{
	unsigned int array = edit_begin(s);
	struct thaw_vma zero = {.start = from, .end = from + len, .index = THAW_NO_INDEX,
				.backing = ~0u, .kind = THAW_VMA_ZERO};
	const struct thaw_vma *source = thaw_space_find(s, from);
	bool shared = source && source->kind == THAW_VMA_SHARED;
	int err;

	for (uint32_t i = first_ending_above(s, array, to);
	     i < s->vma_count[array] && s->vmas[array][i].start < to + len; i++) {
		const struct thaw_vma *v = &s->vmas[array][i];

		debt_add(s, array, v->start > to ? v->start : to,
			 v->end < to + len ? v->end : to + len);
	}
	err = cut(s, array, to, to + len);
	for (uint64_t at = from; !err && at < from + len;) {
		uint32_t i = first_ending_above(s, array, at);
		struct thaw_vma part;

		if (i == s->vma_count[array] || s->vmas[array][i].start >= from + len)
			break;
		part = s->vmas[array][i];
		if (part.start < from)
			advance(&part, from);
		if (part.end > from + len)
			part.end = from + len;
		at = part.end;
		part.start = part.start - from + to;
		part.end = part.end - from + to;
		err = insert(s, array, &part);
	}
	if (!err && !shared)
		err = cut(s, array, from, from + len);
	if (!err && !shared)
		err = insert(s, array, &zero);
	if (!err)
		edit_commit(s, array, applied);
	return err;
}

/* A shared VMA has grown in place, up to `end`. No event says so, and none is marked applied. */
int thaw_space_extend(struct thaw_space *s, const struct thaw_vma *vma, uint64_t end)
{
	uint32_t i = vma - s->vmas[thaw_space_current(s)];
	unsigned int applied = thaw_space_applied(s);
	unsigned int array = edit_begin(s);

	s->vmas[array][i].end = end;
	edit_commit(s, array, applied);
	return 0;
}

void thaw_space_copy(const struct thaw_space *parent, struct thaw_space *child)
{
	unsigned int array = thaw_space_current(parent);
	const struct thaw_vma *v = parent->vmas[array];
	const uint8_t *from = (const uint8_t *)parent + THAW_SPACE_PAGES_OFFSET;
	uint8_t *to = thaw_space_pages(child);

	child->version = THAW_TABLES_VERSION;
	child->journal_seq = 1;
	child->commit = 0;
	child->vma_count[0] = parent->vma_count[array];
	child->debt_count[0] = 0; /* what is in flight belongs to the parent */
	memcpy(child->vmas[0], v, parent->vma_count[array] * sizeof(*v));
	for (uint32_t i = 0; i < parent->vma_count[array]; i++) {
		uint64_t pages = (v[i].end - v[i].start) >> THAW_PAGE_SHIFT;
		/* The kernel copies page-table entries of a VMA only where it must. */
		uint8_t mask = v[i].kind == THAW_VMA_ANON ? 0xff : (uint8_t)~THAW_SPACE_INSTALLED;

		if (v[i].flags & THAW_VMA_WIPE_ON_FORK) {
			child->vmas[0][i].kind = THAW_VMA_ZERO;
			continue;
		}
		if (v[i].index == THAW_NO_INDEX)
			continue;
		for (uint64_t p = v[i].index; p < v[i].index + pages; p++) {
			if (from[p] & mask)
				to[p] = from[p] & mask;
		}
	}
}
