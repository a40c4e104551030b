/*
 * The tree's cgroup pays for its memory. A page of a memfd is charged to who makes it (mem_cgroup_charge()
 * in shmem_alloc_and_add_folio(), mm/shmem.c of 6.18), and not to who maps it: so it is made here, in the
 * caller's cgroup, before who fills writes to it from another one. A page that is there already stays as it
 * is; one that is made counts as a hole for SEEK_DATA, and is not what a table calls filled.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "init.h"

static int allocate(int fd, off_t start, off_t len)
{
	while (fallocate(fd, FALLOC_FL_KEEP_SIZE, start, len)) {
		if (errno != EINTR)
			return errno;
	}
	return 0;
}

int allocate_ranges(const char *payload, size_t bytes)
{
	struct thaw_init_range range;

	if (bytes % sizeof(range))
		return EINVAL;
	for (size_t at = 0; at < bytes; at += sizeof(range)) {
		int err;

		memcpy(&range, payload + at, sizeof(range));
		if (range.backing >= THAW_MAX_BACKINGS || !range.page_count)
			return EINVAL;
		err = allocate(init.session->backings[range.backing].fd,
			       range.first_page << THAW_PAGE_SHIFT,
			       (off_t)range.page_count << THAW_PAGE_SHIFT);
		if (err)
			return err;
	}
	return 0;
}
