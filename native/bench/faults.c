/*
 * faults: touches memory in the ways that it is told on descriptor 3, and says what that cost. The memory
 * is one filled memfd, mapped four times: for the pager that drives it (dev.thaw.pager.PagerBench), and
 * as baselines for a loop of read and UFFDIO_CONTINUE without tables in a process of its own, for a plain
 * mapping without userfaultfd, and for anonymous memory served by UFFDIO_COPY. A second file, as long, may
 * be in huge pages: it is mapped plainly.
 *
 * faults fill MIB [DIRECTORY]: how fast as many threads as there are CPUs fill memory, in a memfd or in a
 * file there. Prints nanoseconds of write(2) to fresh pages, of memset(3) to fresh pages through a mapping,
 * and of memset(3) to pages that are there.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "setup.h"
#include "thaw_tables.h"

enum kind { KIND_PAGER, KIND_LOOP, KIND_PLAIN, KIND_COPY, KIND_HUGE, KINDS };
enum pattern { SEQUENTIAL, RANDOM, READ_ALL };

struct request {
	uint32_t kind;
	uint32_t pattern;
	uint32_t first; /* page */
	uint32_t count; /* pages of the range */
	uint32_t stride; /* one page of so many is touched */
	uint32_t window; /* pages that the baselines install at once */
};

struct reply {
	uint64_t touches;
	uint64_t total_ns;
	uint64_t median_ns; /* of one touch; 0 for READ_ALL */
	uint64_t p99_ns;
	uint64_t p999_ns;
};

static char *base[KINDS];
static volatile uint32_t *window;
static int memfd, huge;

/* The least that answers faults: no events, no tables, no counters. Ends with its parent. */
_Noreturn static void serve(int uffd, const char *source, char *start, uint64_t len)
{
	struct uffd_msg m;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (read(uffd, &m, sizeof(m)) == sizeof(m)) {
		uint64_t bytes = *window * PAGE;
		uint64_t at = m.arg.pagefault.address & ~(bytes - 1);
		uint64_t first = (uintptr_t)start, end = first + len;
		struct uffdio_range wake;
		int err;

		at = at < first ? first : at;
		bytes = at + bytes > end ? end - at : bytes;
		if (source) {
			struct uffdio_copy c = {at, (uintptr_t)source + at - first, bytes, 0, 0};

			err = ioctl(uffd, UFFDIO_COPY, &c) ? errno : 0;
		} else {
			struct uffdio_continue c = {.range = {at, bytes}};

			err = ioctl(uffd, UFFDIO_CONTINUE, &c) ? errno : 0;
		}
		if (!err)
			continue;
		wake.start = m.arg.pagefault.address & ~(PAGE - 1);
		wake.len = PAGE;
		ioctl(uffd, UFFDIO_WAKE, &wake);
	}
	_exit(0);
}

static char *map(int flags, int fd, size_t len)
{
	/* Aligned, so that windows are. */
	char *at = mmap(NULL, len + (2 << 20), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
			-1, 0);

	if (at == MAP_FAILED)
		die("mmap");
	at = (char *)(((uintptr_t)at + (2 << 20) - 1) & ~((2ul << 20) - 1));
	if (mmap(at, len, PROT_READ | PROT_WRITE, flags | MAP_FIXED, fd, 0) == MAP_FAILED)
		die("mmap");
	return at;
}

static void start_baseline(enum kind kind, size_t len)
{
	int uffd = bare_uffd();
	const char *source = NULL;
	pid_t pid;

	if (kind == KIND_COPY) {
		base[kind] = map(MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, len);
		madvise(base[kind], len, MADV_NOHUGEPAGE);
		register_range(uffd, base[kind], len, UFFDIO_REGISTER_MODE_MISSING);
	} else {
		base[kind] = map(MAP_PRIVATE, memfd, len);
		register_range(uffd, base[kind], len,
			       UFFDIO_REGISTER_MODE_MISSING | UFFDIO_REGISTER_MODE_MINOR);
	}
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid) {
		if (kind == KIND_COPY) {
			source = mmap(NULL, len, PROT_READ, MAP_SHARED | MAP_POPULATE, memfd, 0);
			if (source == MAP_FAILED)
				die("mmap");
		}
		serve(uffd, source, base[kind], len);
	}
	close(uffd);
}

static uint32_t *order_of(const struct request *r)
{
	uint32_t *order = malloc(r->count * sizeof(*order));
	uint64_t state = 1;

	if (!order)
		die("malloc");
	for (uint32_t i = 0; i < r->count; i++)
		order[i] = r->pattern == RANDOM ? i : i * r->stride;
	for (uint32_t i = r->count - 1; i > 0 && r->pattern == RANDOM; i--) {
		uint32_t other = (state = mix(state)) % (i + 1), page = order[i];

		order[i] = order[other];
		order[other] = page;
	}
	return order;
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void touch(const struct request *r, const char *memory, struct reply *reply)
{
	uint32_t touches = r->count / r->stride;
	uint32_t *order = order_of(r), *taken = calloc(touches, sizeof(*taken));
	uint64_t begun, before;

	if (!taken)
		die("calloc");
	begun = before = now();
	for (uint32_t i = 0; i < touches; i++) {
		uint64_t after;

		(void)*(const volatile char *)(memory + order[i] * PAGE);
		after = now();
		taken[i] = after - before > UINT32_MAX ? UINT32_MAX : after - before;
		before = after;
	}
	reply->touches = touches;
	reply->total_ns = before - begun;
	qsort(taken, touches, sizeof(*taken), compare);
	reply->median_ns = taken[touches / 2];
	reply->p99_ns = taken[touches * 99ul / 100];
	reply->p999_ns = taken[touches * 999ul / 1000];
	free(order);
	free(taken);
}

/* Every word, as a checksum of the memory would. */
static void read_all(const struct request *r, const char *memory, struct reply *reply)
{
	const uint64_t *word = (const uint64_t *)memory;
	uint64_t begun = now(), sum[4] = {0};

	for (size_t n = r->count * WORDS; n; n -= 4, word += 4) {
		for (int i = 0; i < 4; i++)
			sum[i] += word[i];
	}
	__asm__ volatile("" : : "r"(sum[0] + sum[1] + sum[2] + sum[3]));
	reply->touches = r->count;
	reply->total_ns = now() - begun;
}

static void answer(const struct request *r)
{
	struct reply reply = {0};
	char *memory = base[r->kind];
	size_t len = r->count * PAGE;

	*window = r->window;
	if (r->kind == KIND_PLAIN || r->kind == KIND_HUGE) {
		memory = mmap(NULL, len, PROT_READ, MAP_PRIVATE, r->kind == KIND_HUGE ? huge : memfd,
			      r->first * PAGE);
		if (memory == MAP_FAILED)
			die("mmap");
	} else {
		memory += r->first * PAGE;
	}
	if (r->pattern == READ_ALL)
		read_all(r, memory, &reply);
	else
		touch(r, memory, &reply);
	if (r->kind == KIND_PLAIN || r->kind == KIND_HUGE)
		munmap(memory, len);
	if (r->kind == KIND_COPY) /* without an event: it is absent again, and its memory free */
		madvise(memory, len, MADV_DONTNEED);
	if (send(CONTROL_FD, &reply, sizeof(reply), 0) != sizeof(reply))
		die("send");
}

struct writer {
	pthread_t thread;
	int fd;
	char *memory; /* written through, or NULL */
	uint64_t first, bytes;
};

static void *write_pages(void *arg)
{
	const struct writer *w = arg;
	static char frame[16 * PAGE];

	if (w->memory) {
		memset(w->memory + w->first, 1, w->bytes);
		return NULL;
	}
	for (uint64_t at = 0; at < w->bytes; at += sizeof(frame)) {
		if (pwrite(w->fd, frame, sizeof(frame), w->first + at) != sizeof(frame))
			die("pwrite");
	}
	return NULL;
}

/* The time of all writers together. */
static uint64_t fill(int fd, char *memory, uint64_t bytes)
{
	long count = sysconf(_SC_NPROCESSORS_ONLN);
	struct writer writers[count];
	uint64_t begun = now();

	for (long i = 0; i < count; i++) {
		writers[i].fd = fd;
		writers[i].memory = memory;
		writers[i].bytes = bytes / count & -(16 * PAGE);
		writers[i].first = i * writers[i].bytes;
		pthread_create(&writers[i].thread, NULL, write_pages, &writers[i]);
	}
	for (long i = 0; i < count; i++)
		pthread_join(writers[i].thread, NULL);
	return now() - begun;
}

static int fresh(const char *directory, uint64_t bytes)
{
	int fd = directory ? open(directory, O_TMPFILE | O_RDWR, 0600) : memfd_create("fill", 0);

	if (fd < 0 || ftruncate(fd, bytes))
		die("file to fill");
	return fd;
}

static int fill_all(const char *directory, uint64_t bytes)
{
	int written = fresh(directory, bytes), mapped = fresh(directory, bytes);
	char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, mapped, 0);
	uint64_t write_ns = fill(written, NULL, bytes), fresh_ns;

	if (memory == MAP_FAILED)
		die("mmap");
	close(written);
	fresh_ns = fill(mapped, memory, bytes);
	printf("%llu %llu %llu\n", (unsigned long long)write_ns, (unsigned long long)fresh_ns,
	       (unsigned long long)fill(mapped, memory, bytes));
	return 0;
}

int main(int argc, char **argv)
{
	struct model_config config;
	struct model_vma vma = {.kind = THAW_VMA_PRIVATE};
	struct request request;
	int fds[2], uffd;
	size_t len;

	if (argc >= 3)
		return fill_all(argv[3], strtoull(argv[2], NULL, 10) << 20);
	receive_config(&config, fds);
	memfd = fds[0];
	huge = fds[1];
	len = config.private_pages * PAGE;
	window = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (window == MAP_FAILED)
		die("mmap");
	start_baseline(KIND_LOOP, len);
	start_baseline(KIND_COPY, len);
	uffd = make_uffd();
	base[KIND_PAGER] = map(MAP_PRIVATE, memfd, len);
	register_range(uffd, base[KIND_PAGER], len,
		       UFFDIO_REGISTER_MODE_MISSING | UFFDIO_REGISTER_MODE_MINOR);
	vma.start = (uintptr_t)base[KIND_PAGER];
	vma.end = vma.start + len;
	hand_over(uffd, &vma, 1);
	while (recv(CONTROL_FD, &request, sizeof(request), 0) == sizeof(request))
		answer(&request);
	return 0;
}
