/*
 * 64 MiB of private memory and 4 MiB of shared memory, of which a part may be touched alone, page
 * by page in an order that a test knows, before all of it is checked. A file "touch" beside the log
 * asks for that; with "touch-fork" a child touches every second page. The file "where" says where
 * the private memory is.
 */
#include "frame.h"

#define PRIVATE_PAGES 16384UL
#define SHARED_PAGES 1024UL
#define PRIVATE_TOUCHES 1500UL
#define SHARED_TOUCHES 100UL
#define WORDS (PAGE / 8)

static uint64_t *private, *shared;

/* WorkingSetIT computes the same. */
static size_t private_page(size_t i)
{
	return (i * 7919 + 13) % PRIVATE_PAGES;
}

static size_t shared_page(size_t i)
{
	return (i * 37 + 5) % SHARED_PAGES;
}

/* Reads, or writes what is there already and then reads: all of the page is looked at. */
static void touch(uint64_t *memory, size_t page, uint64_t seed, bool write)
{
	volatile uint64_t *word = memory + page * WORDS;

	if (write)
		word[0] = frame_word(seed, page * WORDS);
	for (size_t i = 0; i < WORDS; i++)
		CHECK_EQ("a touched word", word[i], frame_word(seed, page * WORDS + i));
}

static void touch_all(size_t first, size_t step)
{
	for (size_t i = first; i < PRIVATE_TOUCHES; i += step)
		touch(private, private_page(i), 1, i % 3 == 0);
	for (size_t i = first; i < SHARED_TOUCHES; i += step)
		touch(shared, shared_page(i), 2, i % 3 == 0);
}

static void touch_with_child(void)
{
	pid_t child = OK(fork());

	if (!child) {
		touch_all(1, 2);
		_exit(0);
	}
	frame_reap(child, 0);
	touch_all(0, 2);
}

static bool asked_for(const char *name)
{
	return frame_is_dumped() && access(frame_path(name), F_OK) == 0;
}

int main(int argc, char **argv)
{
	frame_start(argc, argv);
	private = frame_map(PRIVATE_PAGES * PAGE, PROT_READ | PROT_WRITE, 0);
	shared = mmap(NULL, SHARED_PAGES * PAGE, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK("shared memory", shared != MAP_FAILED);
	frame_fill(private, PRIVATE_PAGES * PAGE, 1);
	frame_fill(shared, SHARED_PAGES * PAGE, 2);
	FILE *where = fopen(frame_path("where"), "w");
	CHECK("a file", where);
	fprintf(where, "%p\n", (void *)private);
	fclose(where);
	frame_wait();
	if (asked_for("touch-fork")) {
		touch_with_child();
		frame_wait();
	} else if (asked_for("touch")) {
		touch_all(0, 1);
		frame_wait();
	}
	SABOTAGE("a page of private memory is lost") memset(private + private_page(3) * WORDS, 0, PAGE);
	SABOTAGE("a word of shared memory is another") shared[shared_page(7) * WORDS + 511]++;
	frame_check_pattern("private memory", private, PRIVATE_PAGES * PAGE, 1);
	frame_check_pattern("shared memory", shared, SHARED_PAGES * PAGE, 2);
	return frame_pass();
}
