/*
 * Forks children one after the other without waiting, each of which looks at all memory of its parent
 * and writes into it: as many processes at once as it takes to bring a pager to the end of its limits.
 */
#include "frame.h"

#define PAGES 512UL
#define CHILDREN 40

int main(int argc, char **argv)
{
	pid_t children[CHILDREN];
	char *memory;

	frame_start(argc, argv);
	memory = frame_map(PAGES * PAGE, PROT_READ | PROT_WRITE, 0);
	frame_fill(memory, PAGES * PAGE, 1);
	frame_wait();
	SABOTAGE("a word of the parent is lost")
		memory[PAGE] ^= 1;
	for (size_t i = 0; i < CHILDREN; i++) {
		children[i] = OK(fork());
		if (!children[i]) {
			frame_check_pattern("seen by a child", memory, PAGES * PAGE, 1);
			frame_fill(memory, PAGES * PAGE, 2 + i);
			frame_check_pattern("written by a child", memory, PAGES * PAGE, 2 + i);
			_exit(0);
		}
	}
	for (size_t i = 0; i < CHILDREN; i++)
		frame_reap(children[i], 0);
	frame_check_pattern("seen by the parent", memory, PAGES * PAGE, 1);
	return frame_pass();
}
