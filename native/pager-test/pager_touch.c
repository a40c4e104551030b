/*
 * pager_touch PATTERN KIND TOUCHES: maps private_pages of a memfd (KIND 0) or anonymous memory (KIND 2),
 * hands it over, touches pages in the order that PATTERN says, and checks each page's first and last
 * word. Content is that of model.h, every page has some. Prints how many pages it touched.
 */
#include "setup.h"

#include <errno.h>
#include <linux/userfaultfd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define STRIDE 100

static uint64_t page_of(const char *pattern, uint64_t i, uint64_t pages, uint64_t seed)
{
	if (!strcmp(pattern, "up"))
		return i;
	if (!strcmp(pattern, "down"))
		return pages - 1 - i;
	if (!strcmp(pattern, "strided"))
		return i * STRIDE % pages;
	return mix(seed ^ ~i) % pages;
}

int main(int argc, char **argv)
{
	struct model_config config;
	struct model_vma vma = {0};
	uint64_t touches, *words;
	int fds[2], uffd, kind;

	if (argc != 4)
		die("usage: pager_touch PATTERN KIND TOUCHES");
	kind = atoi(argv[2]);
	touches = strtoull(argv[3], NULL, 10);
	receive_config(&config, fds);
	uffd = make_uffd();
	vma.end = config.private_pages * PAGE;
	words = mmap(NULL, vma.end, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_NORESERVE | (kind ? MAP_ANONYMOUS : 0), kind ? -1 : fds[0], 0);
	if (words == MAP_FAILED)
		die("mmap");
	register_range(uffd, words, vma.end,
		       UFFDIO_REGISTER_MODE_MISSING | (kind ? 0 : UFFDIO_REGISTER_MODE_MINOR));
	vma.start = (uintptr_t)words;
	vma.end += vma.start;
	vma.kind = kind;
	close(fds[0]);
	close(fds[1]);
	hand_over(uffd, &vma, 1);
	for (uint64_t i = 0; i < touches; i++) {
		uint64_t page = page_of(argv[1], i, config.private_pages, config.seed);
		uint64_t last = WORDS - 1;

		errno = 0;
		if (words[page * WORDS] != model_word(config.seed, page, 0) ||
		    words[page * WORDS + last] != model_word(config.seed, page, last))
			die("page %llu is wrong", (unsigned long long)page);
	}
	/* Goes on when the pager reads the event: it has then done all that belongs to the faults. */
	if (madvise(words, PAGE, MADV_DONTNEED))
		die("madvise");
	dprintf(CONTROL_FD, "%llu", (unsigned long long)touches);
	if (read(CONTROL_FD, &kind, 1) < 0) /* mapped until somebody has looked */
		return 1;
	return 0;
}
