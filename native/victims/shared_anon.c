/*
 * MAP_SHARED|MAP_ANONYMOUS between parent, child and grandchild, and mapped a second time in the child by
 * mremap(old_size 0): one memory for all of them, before and after.
 */
#include "frame.h"

#define SIZE (512 * PAGE)

static char *shared;

/* Takes the turn: waits for the page's first word to become n, in memory that is shared for sure. */
static void await_turn(volatile uint64_t *turn, uint64_t n)
{
	for (int64_t end = frame_now_ns(CLOCK_MONOTONIC) + 5000000000LL; *turn != n;) {
		if (frame_now_ns(CLOCK_MONOTONIC) > end)
			FAIL("turn %llu does not come, it is %llu", (unsigned long long)n,
			     (unsigned long long)*turn);
	}
}

static void child(void)
{
	char *alias = mremap(shared, 0, SIZE, MREMAP_MAYMOVE);
	CHECK("second mapping", alias != MAP_FAILED);
	frame_fill(shared + 128 * PAGE, 128 * PAGE, 2);
	pid_t grandchild = frame_fork();
	frame_wait();
	if (grandchild == 0) {
		volatile uint64_t *turn = (uint64_t *)shared;
		frame_check_pattern("in the grandchild", shared + 128 * PAGE, 128 * PAGE, 2);
		await_turn(turn, 2);
		*turn = 3;
		frame_pass();
	}
	SABOTAGE("the child has a copy")
		OK(mmap(shared, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	SABOTAGE("the second mapping is a copy")
		OK(mmap(alias, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	frame_check_pattern("alias, the parent's part", alias + PAGE, 127 * PAGE, 1);
	frame_check_pattern("alias, the child's part", alias + 128 * PAGE, 128 * PAGE, 2);
	frame_check_zero("alias, hole", alias + 256 * PAGE, 256 * PAGE);
	volatile uint64_t *turn = (uint64_t *)alias;
	await_turn((uint64_t *)shared, 1);
	frame_fill(alias + 300 * PAGE, PAGE, 5);
	frame_check_pattern("written to the alias", shared + 300 * PAGE, PAGE, 5);
	*turn = 2;
	frame_join(grandchild);
	frame_pass();
}

int main(int argc, char **argv)
{
	frame_start(argc, argv);
	shared = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK("mmap", shared != MAP_FAILED);
	frame_fill(shared + PAGE, 127 * PAGE, 1);
	pid_t pid = frame_fork();
	if (pid == 0)
		child();
	frame_wait();
	SABOTAGE("the parent has a copy") {
		OK(mmap(shared, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
		frame_fill(shared + PAGE, 127 * PAGE, 1);
		frame_fill(shared + 128 * PAGE, 128 * PAGE, 2);
	}
	frame_check_perms("shared", shared, SIZE, "rw-s");
	frame_check_pattern("the parent's part", shared + PAGE, 127 * PAGE, 1);
	frame_check_pattern("the child's part", shared + 128 * PAGE, 128 * PAGE, 2);
	OK(madvise(shared + PAGE, 127 * PAGE, MADV_DONTNEED));
	frame_check_pattern("shared memory survives DONTNEED", shared + PAGE, 127 * PAGE, 1);
	*(volatile uint64_t *)shared = 1;
	frame_join(pid);
	CHECK_EQ("last turn", *(uint64_t *)shared, 3);
	frame_check_pattern("written by the child", shared + 300 * PAGE, PAGE, 5);
	return frame_pass();
}
