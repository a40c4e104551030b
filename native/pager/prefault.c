/*
 * The working set, installed before the tree runs: called by the JVM that builds the tree, before
 * the userfaultfd has a reader, so that the rule "who reads the events installs" is not broken. The
 * process stands still, and there are no events.
 *
 * Nothing that goes wrong here is an error: a page that is not installed faults, as it would have
 * done anyway.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pager.h"

/* Pages copied by one ioctl; also the size of the buffer. */
#define COPY_PAGES 64ull

static int64_t install_continue(int uffd, uint64_t address, uint64_t len)
{
	struct uffdio_continue arg = {.range = {address, len}};

	return ioctl(uffd, UFFDIO_CONTINUE, &arg) ? (arg.mapped > 0 ? arg.mapped : -errno)
						  : (int64_t)len;
}

static int64_t install_zeros(int uffd, uint64_t address, uint64_t len)
{
	struct uffdio_zeropage arg = {.range = {address, len}};

	return ioctl(uffd, UFFDIO_ZEROPAGE, &arg) ? (arg.zeropage > 0 ? arg.zeropage : -errno)
						  : (int64_t)len;
}

static int64_t install_copy(int uffd, const struct thaw_prefault *run, uint64_t done,
			    uint64_t pages, uint8_t *buffer)
{
	uint64_t bytes = pages << THAW_PAGE_SHIFT;
	off_t offset = (off_t)((run->file_page + done) << THAW_PAGE_SHIFT);
	struct uffdio_copy arg;
	ssize_t n;

	if (bytes > COPY_PAGES << THAW_PAGE_SHIFT)
		bytes = COPY_PAGES << THAW_PAGE_SHIFT;
	n = pread(run->memfd, buffer, bytes, offset);
	if (n != (ssize_t)bytes)
		return -EIO;
	arg = (struct uffdio_copy){
		.dst = run->address + (done << THAW_PAGE_SHIFT),
		.src = (uintptr_t)buffer,
		.len = bytes,
	};
	return ioctl(uffd, UFFDIO_COPY, &arg) ? (arg.copy > 0 ? arg.copy : -errno) : (int64_t)bytes;
}

/* Pages from `done` on about which the space says nothing: not dropped, not there already. */
static uint64_t unmarked(const struct thaw_prefault *run, const uint8_t *marks, uint64_t done)
{
	uint64_t end = done;

	while (end < run->page_count && !marks[run->index + end])
		end++;
	return end - done;
}

static uint64_t install_run(int uffd, const struct thaw_prefault *run, uint8_t *marks,
			    uint8_t *buffer, bool *over)
{
	uint64_t done = 0, installed = 0;

	while (done < run->page_count && !*over) {
		uint64_t pages = unmarked(run, marks, done);
		uint64_t address = run->address + (done << THAW_PAGE_SHIFT);
		int64_t moved = 0;

		if (pages && run->kind == THAW_VMA_ANON)
			moved = install_copy(uffd, run, done, pages, buffer);
		else if (pages && run->kind == THAW_VMA_ZERO)
			moved = install_zeros(uffd, address, pages << THAW_PAGE_SHIFT);
		else if (pages)
			moved = install_continue(uffd, address, pages << THAW_PAGE_SHIFT);
		if (moved <= 0) {
			*over = moved == -ESRCH || moved == -ENOMEM;
			done++; /* marked, there already, or a hole: go on after it */
			continue;
		}
		pages = (uint64_t)moved >> THAW_PAGE_SHIFT;
		for (uint64_t i = 0; i < pages; i++)
			marks[run->index + done + i] |= THAW_SPACE_INSTALLED;
		done += pages;
		installed += pages;
	}
	return installed;
}

/* Installs the runs and marks their pages in the space table. Returns how many pages. */
long thaw_prefault(int uffd, int table_fd, const struct thaw_prefault *runs, long count)
{
	uint8_t *space = mmap(NULL, THAW_SPACE_BYTES, PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_NORESERVE, table_fd, 0);
	uint8_t *buffer = malloc(COPY_PAGES << THAW_PAGE_SHIFT);
	uint64_t installed = 0;
	bool over = false;

	if (space != MAP_FAILED && buffer) {
		for (long i = 0; i < count && !over; i++)
			installed += install_run(uffd, &runs[i], space + THAW_SPACE_PAGES_OFFSET,
						 buffer, &over);
	}
	free(buffer);
	if (space != MAP_FAILED)
		munmap(space, THAW_SPACE_BYTES);
	return (long)installed;
}
