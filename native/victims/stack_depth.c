/*
 * The main stack, VM_GROWSDOWN: 2 MiB deep in recursion while it is dumped, every frame with a pattern;
 * afterwards it grows by another 2 MiB; returning finds every frame as it was.
 */
#include "frame.h"

#define DEPTH 512
#define WORDS 512 /* a page a frame */

static volatile uint64_t *half_way;

static __attribute__((noinline)) void grow(unsigned depth)
{
	volatile uint64_t words[WORDS];

	for (unsigned i = 0; i < WORDS; i++)
		words[i] = frame_word(2, depth * WORDS + i);
	if (depth > 0)
		grow(depth - 1);
	for (unsigned i = 0; i < WORDS; i++)
		CHECK_EQ("new frame", words[i], frame_word(2, depth * WORDS + i));
}

static __attribute__((noinline)) void descend(unsigned depth)
{
	volatile uint64_t words[WORDS];

	for (unsigned i = 0; i < WORDS; i++)
		words[i] = frame_word(1, depth * WORDS + i);
	if (depth == DEPTH / 2)
		half_way = words;
	if (depth > 0) {
		descend(depth - 1);
	} else {
		frame_wait();
		SABOTAGE("a word of a frame differs")
			half_way[17] ^= 1;
		struct frame_vma vma;
		CHECK("the stack is mapped", frame_vma_at((void *)words, &vma));
		CHECK_STR("name", vma.path, "[stack]");
		CHECK_STR("permissions", vma.perms, "rw-p");
		CHECK("grows down", strstr(vma.vm_flags, " gd "));
		grow(DEPTH);
	}
	for (unsigned i = 0; i < WORDS; i++)
		CHECK_EQ("frame", words[i], frame_word(1, depth * WORDS + i));
}

int main(int argc, char **argv)
{
	frame_start(argc, argv);
	descend(DEPTH);
	return frame_pass();
}
