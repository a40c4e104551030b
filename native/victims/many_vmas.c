/* Two thousand VMAs: neighbours with different permissions, gaps, every third with content. */
#include "frame.h"

#define MANY 2000

static const int prots[] = { PROT_READ | PROT_WRITE, PROT_READ, PROT_NONE, PROT_READ | PROT_EXEC };
static const char *const perms[] = { "rw-p", "r--p", "---p", "r-xp" };

int main(int argc, char **argv)
{
	frame_start(argc, argv);
	char *area = frame_map(4 * MANY * PAGE, PROT_READ | PROT_WRITE, 0);
	for (size_t i = 0; i < MANY; i++) {
		char *start = area + 4 * i * PAGE;
		if (i % 3 == 0)
			frame_fill(start, 2 * PAGE, i);
		OK(mprotect(start, 3 * PAGE, prots[i % 4]));
		if (i % 5 == 0)
			OK(munmap(start + 3 * PAGE, PAGE));
		else
			OK(mprotect(start + 3 * PAGE, PAGE, prots[(i + 2) % 4]));
	}
	char *maps = frame_read_file("/proc/self/maps", NULL);
	size_t lines = 0;
	for (char *p = maps; (p = strchr(p, '\n')); p++)
		lines++;
	CHECK("as many as that", lines > MANY);

	frame_wait();
	SABOTAGE("one is unmapped")
		OK(munmap(area + 4000 * PAGE, PAGE));
	SABOTAGE("one has other permissions")
		OK(mprotect(area + 4004 * PAGE, PAGE, PROT_READ | PROT_WRITE));
	SABOTAGE("one has lost its content")
		OK(madvise(area + 3996 * PAGE, 3 * PAGE, MADV_DONTNEED));

	/* one pass over maps, since looking each up would be a million lines */
	char have[4 * MANY];
	memset(have, '?', sizeof(have));
	char *now = frame_read_file("/proc/self/maps", NULL);
	for (char *line = now; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
		unsigned long start, end;
		char perm[5];
		CHECK_EQ("line of maps", sscanf(line, "%lx-%lx %4s", &start, &end, perm), 3);
		for (unsigned long a = start; a < end; a += PAGE) {
			if (a < (uintptr_t)area || a >= (uintptr_t)area + 4 * MANY * PAGE)
				continue;
			for (int k = 0; k < 4; k++)
				if (!strcmp(perm, perms[k]))
					have[(a - (uintptr_t)area) / PAGE] = k;
		}
	}
	for (size_t i = 0; i < MANY; i++) {
		for (int j = 0; j < 3; j++)
			CHECK_EQ("permissions", have[4 * i + j], i % 4);
		CHECK_EQ("permissions of the last page", have[4 * i + 3], i % 5 ? (int)(i + 2) % 4 : '?');
		char *start = area + 4 * i * PAGE;
		OK(mprotect(start, 3 * PAGE, PROT_READ));
		if (i % 3 == 0)
			frame_check_pattern("content", start, 2 * PAGE, i);
		else
			frame_check_zero("no content", start, 2 * PAGE);
		frame_check_zero("third page", start + 2 * PAGE, PAGE);
	}
	return frame_pass();
}
