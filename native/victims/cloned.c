/*
 * Tells its clones apart. SIGUSR1 brings the number of the clone (sigqueue); the handler writes at random
 * to private and to shared memory, words that only this clone would write, and checks at random
 * meanwhile. At the end every word of both is compared: nothing of another clone, nothing of its own lost.
 */
#include "frame.h"

#define PRIVATE_PAGES (64UL << 20 >> 12)
#define SHARED_PAGES 256UL
#define WORDS (PAGE / 8)
#define ROUNDS 400

struct part {
	const char *name;
	uint64_t *words;
	size_t pages;
	unsigned char *written; /* a byte per page */
	uint64_t seed;
};

static unsigned char private_written[PRIVATE_PAGES], shared_written[SHARED_PAGES];
static struct part parts[] = {
	{ "private", NULL, PRIVATE_PAGES, private_written, 1 },
	{ "shared", NULL, SHARED_PAGES, shared_written, 2 },
};
static int number = -1;

static uint64_t next(uint64_t *random)
{
	*random ^= *random << 13;
	*random ^= *random >> 7;
	*random ^= *random << 17;
	return *random;
}

static uint64_t seed_of(const struct part *part, size_t page)
{
	return part->written[page] ? 1000 + 2 * number + part->seed : part->seed;
}

static void check(const struct part *part, size_t page)
{
	const uint64_t *words = part->words + page * WORDS;

	for (size_t i = 0; i < WORDS; i++) {
		uint64_t expected = frame_word(seed_of(part, page), page * WORDS + i);

		if (words[i] != expected)
			FAIL("clone %d: %s page %zu, word %zu: expected %#llx, is %#llx", number,
			     part->name, page, i, (unsigned long long)expected,
			     (unsigned long long)words[i]);
	}
}

static void write_page(struct part *part, size_t page)
{
	part->written[page] = 1;
	for (size_t i = 0; i < WORDS; i++)
		part->words[page * WORDS + i] =
			frame_word(seed_of(part, page), page * WORDS + i);
}

static void become(int clone)
{
	uint64_t random = 0x9e3779b97f4a7c15ULL * (clone + 1);

	number = clone;
	for (int round = 0; round < ROUNDS; round++) {
		for (size_t i = 0; i < COUNT(parts); i++) {
			write_page(&parts[i], next(&random) % parts[i].pages);
			check(&parts[i], next(&random) % parts[i].pages);
		}
	}
}

/* What glibc takes for this thread's id: it writes it into a mutex that has an owner. */
static void check_own_tid(void)
{
	pthread_mutexattr_t inherits;
	pthread_mutex_t mutex;

	OK0(pthread_mutexattr_init(&inherits));
	OK0(pthread_mutexattr_setprotocol(&inherits, PTHREAD_PRIO_INHERIT));
	OK0(pthread_mutex_init(&mutex, &inherits));
	OK0(pthread_mutex_lock(&mutex));
	CHECK_EQ("owner of a mutex", mutex.__data.__lock & 0x3fffffff, syscall(SYS_gettid));
	OK0(pthread_mutex_unlock(&mutex));
}

static void on_cloned(int signal, siginfo_t *info, void *context)
{
	char line[32];

	(void)signal, (void)context;
	become(info->si_value.sival_int);
	if (write(1, line, snprintf(line, sizeof(line), "clone %d wrote\n", number)) < 0)
		_exit(2);
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_sigaction = on_cloned, .sa_flags = SA_SIGINFO | SA_RESTART };

	frame_start(argc, argv);
	OK(sigaction(SIGUSR1, &action, NULL));
	parts[0].words = frame_map(PRIVATE_PAGES * PAGE, PROT_READ | PROT_WRITE, 0);
	parts[1].words = mmap(NULL, SHARED_PAGES * PAGE, PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK("mmap", parts[1].words != MAP_FAILED);
	for (size_t i = 0; i < COUNT(parts); i++)
		frame_fill(parts[i].words, parts[i].pages * PAGE, parts[i].seed);
	frame_wait();
	if (!frame_is_dumped())
		become(7);
	SABOTAGE("another clone's page")
		parts[0].words[5 * WORDS] = frame_word(1000 + 2 * 8 + 1, 5 * WORDS);
	SABOTAGE("another clone's shared page")
		parts[1].words[5 * WORDS] = frame_word(1000 + 2 * 8 + 2, 5 * WORDS);
	SABOTAGE("a write is lost")
		memset(memchr(private_written, 1, PRIVATE_PAGES), 0, 1);
	check_own_tid();
	for (size_t i = 0; i < COUNT(parts); i++) {
		for (size_t page = 0; page < parts[i].pages; page++)
			check(&parts[i], page);
	}
	return frame_pass();
}
