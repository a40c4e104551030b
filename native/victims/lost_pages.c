/*
 * A mapping of which some pages may be lost: those that the harness lists in LOG.lost, by number, as
 * it has damaged their frame. Touching one must give SIGBUS, to that thread, at that address, as often
 * as it is tried; every other page holds what it held. Without the file no page may be lost.
 */
#include "frame.h"

#include <setjmp.h>

#define PAGES 512UL

static char *area;
static bool expected[PAGES];
static __thread sigjmp_buf back;
static __thread volatile sig_atomic_t touching;
static __thread void *volatile where;

static void on_sigbus(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	if (!touching)
		FAIL("SIGBUS at %p, nobody touched it", info->si_addr);
	where = info->si_addr;
	siglongjmp(back, 1);
}

/* Whether a page reads: false after SIGBUS. */
static bool touch(const volatile char *at)
{
	bool there = false;

	touching = 1;
	if (!sigsetjmp(back, 1)) {
		(void)*at;
		there = true;
	}
	touching = 0;
	return there;
}

static void *lost_to_this_thread(void *page)
{
	where = NULL;
	CHECK("a lost page does not read", !touch(page));
	CHECK_EQ("the address of the SIGBUS", (long)where & ~(PAGE - 1), (long)page);
	return NULL;
}

static void read_expected(const char *log)
{
	char path[512];
	unsigned long page;
	FILE *list;

	snprintf(path, sizeof(path), "%s.lost", log);
	list = fopen(path, "r");
	if (!list)
		return;
	while (fscanf(list, "%lu", &page) == 1 && page < PAGES)
		expected[page] = true;
	fclose(list);
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO };

	frame_start(argc, argv);
	OK(sigaction(SIGBUS, &action, NULL));
	area = frame_map(PAGES * PAGE, PROT_READ | PROT_WRITE, 0);
	frame_fill(area, PAGES * PAGE, 1);
	if (frame_is_dumped())
		dprintf(STDOUT_FILENO, "area %p\n", (void *)area);

	frame_wait();
	read_expected(argv[1]);
	SABOTAGE("a page that must be lost is there")
		expected[7] = true;
	SABOTAGE("a word of a page differs")
		area[PAGES * PAGE - 1] ^= 1;
	SABOTAGE("a page is lost that must be there")
		OK(mmap(area + 9 * PAGE, PAGE, PROT_READ, MAP_FIXED | MAP_SHARED, memfd_create("empty", 0), 0));

	for (size_t i = 0; i < PAGES; i++) {
		char *page = area + i * PAGE;

		if (expected[i]) {
			pthread_t other;

			OK0(pthread_create(&other, NULL, lost_to_this_thread, page));
			OK0(pthread_join(other, NULL));
			lost_to_this_thread(page);
			continue;
		}
		CHECK("a page that is not lost reads", touch(page));
		for (size_t word = 0; word < PAGE / 8; word++)
			CHECK_EQ("a word", ((uint64_t *)page)[word],
				 frame_word(1, i * PAGE / 8 + word));
	}
	return frame_pass();
}
