/*
 * Memory of which a part may be lost, where one lost page of a checkpoint is several of the program:
 * private and shared memory hold an equal page, which is stored once, and a child inherits both. Each
 * lost page gives SIGBUS to reads and writes, here and in the child, again and again; all others hold
 * what they held. A file "may-lose" beside the log says that pages may be lost; the log then tells
 * which.
 */
#include "frame.h"

#include <setjmp.h>

#define PRIVATE_PAGES 1024UL
#define SHARED_PAGES 256UL
#define PAGES (PRIVATE_PAGES + SHARED_PAGES)
#define EQUAL_PRIVATE 512UL
#define EQUAL_SHARED 17UL
#define WORDS (PAGE / 8)

static uint64_t *private, *shared;
static bool lost[PAGES];
static sigjmp_buf refused;
static volatile uintptr_t bad_address;

static void on_sigbus(int sig, siginfo_t *info, void *context)
{
	(void)sig, (void)context;
	bad_address = (uintptr_t)info->si_addr;
	siglongjmp(refused, 1);
}

/* Pages are numbered: those of private memory, then those of shared memory. */
static uint64_t *start_of(size_t page)
{
	return page < PRIVATE_PAGES ? private + page * WORDS : shared + (page - PRIVATE_PAGES) * WORDS;
}

static uint64_t seed_of(size_t page)
{
	return page == PRIVATE_PAGES + EQUAL_SHARED ? EQUAL_PRIVATE : page;
}

/* From the last word on: a page is lost as a whole. */
static void check_words(size_t page)
{
	volatile uint64_t *word = start_of(page);

	for (size_t i = WORDS; i-- > 0;) {
		uint64_t value = word[i], expected = frame_word(seed_of(page), i);

		if (value != expected)
			FAIL("page %zu, word %zu: expected %#llx, is %#llx", page, i,
			     (unsigned long long)expected, (unsigned long long)value);
	}
}

static bool is_lost(size_t page)
{
	if (sigsetjmp(refused, 1)) {
		CHECK_EQ("the page of the SIGBUS", bad_address & -PAGE, (uintptr_t)start_of(page));
		return true;
	}
	check_words(page);
	return false;
}

/* A write to it is refused as well, and does not make it a page of zeros. */
static void check_is_not_written(size_t page)
{
	if (!sigsetjmp(refused, 1)) {
		*(volatile uint64_t *)start_of(page) = 1;
		FAIL("page %zu is lost for a read, and takes a write", page);
	}
}

static void check_again(void)
{
	for (size_t page = 0; page < PAGES; page++) {
		if (lost[page])
			check_is_not_written(page);
		CHECK_EQ("whether a page is lost, later", is_lost(page), lost[page]);
	}
}

static void check_in_child(void)
{
	pid_t child = OK(fork());

	if (!child) {
		check_again();
		_exit(0);
	}
	frame_reap(child, 0);
}

static void tell(size_t count)
{
	printf("lost %zu pages:", count);
	for (size_t page = 0; page < PAGES; page++) {
		if (lost[page])
			printf(" %#lx", (unsigned long)start_of(page));
	}
	printf("\n");
}

static void lose_a_page(void)
{
	int empty = OK(memfd_create("empty", 0));

	OK(mmap(start_of(100), PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, empty, 0));
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO };
	size_t count = 0;

	frame_start(argc, argv);
	OK(sigaction(SIGBUS, &action, NULL));
	private = frame_map(PRIVATE_PAGES * PAGE, PROT_READ | PROT_WRITE, 0);
	shared = mmap(NULL, SHARED_PAGES * PAGE, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK("shared memory", shared != MAP_FAILED);
	for (size_t page = 0; page < PAGES; page++)
		frame_fill(start_of(page), PAGE, seed_of(page));
	printf("memory at %p and %p\n", (void *)private, (void *)shared);
	fflush(stdout);
	frame_wait();
	SABOTAGE("a page gives SIGBUS") lose_a_page();
	SABOTAGE("a page reads as zeros") memset(start_of(200), 0, PAGE);
	SABOTAGE("a word of shared memory is another") start_of(PRIVATE_PAGES + 9)[511]++;
	for (size_t page = 0; page < PAGES; page++)
		count += lost[page] = is_lost(page);
	if (count && !(frame_is_dumped() && access(frame_path("may-lose"), F_OK) == 0))
		FAIL("%zu pages give SIGBUS", count);
	check_again();
	check_in_child();
	if (count)
		tell(count);
	return frame_pass();
}
