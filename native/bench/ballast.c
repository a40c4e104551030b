/*
 * ballast MIB FILE [shared]: holds so much private memory, or shared, half of it text-like and half random,
 * writes its pid to FILE when it is there, and then touches one page a millisecond. What the bench of resume
 * times restores.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096

static uint64_t next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void fill(uint64_t *page, uint64_t *state, int random)
{
	static const char text[8][9] = { "the cold", " process", " of a sn", "apshot, ",
					 "restored", " by page", " as it i", "s touch." };

	for (size_t i = 0; i < PAGE / 8; i++)
		page[i] = random ? next(state) : *(const uint64_t *)text[next(state) % 8];
}

int main(int argc, char **argv)
{
	if (argc < 3) {
		fprintf(stderr, "usage: ballast MIB FILE [shared]\n");
		return 2;
	}
	size_t pages = strtoul(argv[1], NULL, 10) << 8;
	uint64_t state = 88172645463325252;
	int flags = MAP_ANONYMOUS | (argc > 3 ? MAP_SHARED : MAP_PRIVATE);
	char *memory = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, flags, -1, 0);

	if (memory == MAP_FAILED) {
		perror("ballast: mmap");
		return 1;
	}
	for (size_t i = 0; i < pages; i++)
		fill((uint64_t *)(memory + i * PAGE), &state, i / 64 % 2);
	FILE *file = fopen(argv[2], "w");
	if (!file || fprintf(file, "%d\n", getpid()) < 0 || fclose(file)) {
		perror(argv[2]);
		return 1;
	}
	for (;;) {
		volatile char *byte = memory + next(&state) % pages * PAGE;
		*byte;
		nanosleep(&(struct timespec){ 0, 1000000 }, NULL);
	}
}
