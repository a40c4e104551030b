/*
 * PAGER_SOURCES: linked with the fault loop itself.
 *
 * Every errno of UFFDIO_CONTINUE that can be provoked, and what the fault loop makes of it. The
 * loop runs in a thread of this process, on its memory. Prints "ok NAME" for each case; a case that
 * fails or hangs ends the program.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../pager/pager.h"
#include "setup.h"

#define PAGES 64u
#define CHECK(condition)                                                                         \
	do {                                                                                     \
		if (!(condition))                                                                \
			die("%s: line %d: %s", name, __LINE__, #condition);                      \
	} while (0)

static const char *name = "set-up";
static struct thaw_session session;
static struct thaw_touches touches; /* nothing is recorded */
static struct thaw_pager pager;
static struct thaw_reader reader;
static struct thaw_space *space;
static uint8_t pages[PAGES];
static int memfd;
static char *memory;
static sigjmp_buf on_sigbus;

/* A memfd of PAGES pages, page i full of i + 1, mapped privately and registered; no reader yet. */
static void begin(const char *what)
{
	static struct thaw_space_ref *ref = &session.spaces[0];
	char page[PAGE];

	name = what;
	alarm(10);
	memset(&reader, 0, sizeof(reader));
	memset(ref, 0, sizeof(*ref));
	memset(space, 0, sizeof(*space));
	memset(thaw_space_pages(space), 0, PAGES);
	memset(pages, THAW_PAGE_HAS_CONTENT | THAW_PAGE_FILLED, PAGES);
	session.around_pages = session.around_max_pages = PAGES;
	session.request_eventfd = eventfd(0, EFD_NONBLOCK);
	pager.session = &session;
	pager.pages = pages;
	pager.touches = &touches;
	memfd = memfd_create("errno", 0);
	for (unsigned int i = 0; i < PAGES; i++) {
		memset(page, i + 1, PAGE);
		if (pwrite(memfd, page, PAGE, i * PAGE) != PAGE)
			die("pwrite");
	}
	if (ftruncate(memfd, 2 * PAGES * PAGE))
		die("ftruncate");
	/* Aligned as the fault-around window is. */
	memory = mmap((void *)0x100000000000, PAGES * PAGE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_FIXED_NOREPLACE, memfd, 0);
	if (memory == MAP_FAILED)
		die("mmap");
	reader.uffd = make_uffd();
	register_range(reader.uffd, memory, PAGES * PAGE, 5);
	reader.pager = &pager;
	reader.ref = ref;
	reader.space = space;
	reader.bytes = thaw_space_pages(space);
	ref->filled_eventfd = eventfd(0, EFD_NONBLOCK);
	space->vma_count[0] = 1;
	space->vmas[0][0] = (struct thaw_vma){(uintptr_t)memory, (uintptr_t)memory + PAGES * PAGE,
					      0, 0, 0, THAW_VMA_PRIVATE, 0};
}

static void serve(void)
{
	pthread_create(&reader.thread, NULL, thaw_reader_main, &reader);
}

static void end(void)
{
	reader.stop = 1;
	if (reader.thread) {
		while (!__atomic_load_n(&reader.finished, __ATOMIC_ACQUIRE)) {
			pthread_kill(reader.thread, SIGUSR1);
			usleep(1000);
		}
		pthread_join(reader.thread, NULL);
	}
	close(reader.uffd);
	close(memfd);
	munmap(memory, PAGES * PAGE);
	printf("ok %s\n", name);
}

static const struct thaw_counters *counters(void)
{
	return &reader.ref->counters;
}

static const struct thaw_vma *vma(void)
{
	return &space->vmas[0][0];
}

/* The first byte of a page, read by the caller; -1 for SIGBUS. */
static int touch(unsigned int page)
{
	if (sigsetjmp(on_sigbus, 1))
		return -1;
	return *(volatile unsigned char *)(memory + page * PAGE);
}

static void *touch_page_zero(void *out)
{
	*(int *)out = touch(0);
	return NULL;
}

static bool is_present(unsigned int page)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t entry = 0;

	if (pread(fd, &entry, 8, ((uintptr_t)memory / PAGE + page) * 8) != 8)
		die("pagemap");
	close(fd);
	return entry >> 63;
}

/* Until a thread waits in a fault or an event: the userfaultfd has something to read. */
static void await_message(unsigned int waiting)
{
	char path[64], line[128];
	unsigned int pending = 0;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", reader.uffd);
	while (pending < waiting) {
		FILE *f = fopen(path, "re");

		while (fgets(line, sizeof(line), f)) {
			if (sscanf(line, "pending: %u", &pending) == 1)
				break;
		}
		fclose(f);
	}
}

static int continue_page(unsigned int page, uint64_t mode)
{
	struct uffdio_continue arg = {.range = {(uintptr_t)memory + page * PAGE, PAGE},
				      .mode = mode};

	return ioctl(reader.uffd, UFFDIO_CONTINUE, &arg) ? -errno : 0;
}

static void success(void)
{
	begin("0: the page and its neighbours are there");
	serve();
	CHECK(touch(3) == 4);
	end();
	begin("0: again, with an untouched reader");
	CHECK(thaw_install_fault(&reader, vma(), (uintptr_t)memory, THAW_CONTINUE) == THAW_DONE);
	for (unsigned int i = 0; i < PAGES; i++)
		CHECK(is_present(i));
	CHECK(counters()->demand == 1 && counters()->ahead == PAGES - 1);
	end();
}

static void already_mapped(void)
{
	pthread_t thread;
	int found = 0;

	begin("EEXIST: the waiter of a page that is mapped is woken");
	pthread_create(&thread, NULL, touch_page_zero, &found);
	await_message(1);
	CHECK(thaw_reader_read(&reader, true) == 0 && reader.pending_count == 1);
	CHECK(continue_page(0, UFFDIO_CONTINUE_MODE_DONTWAKE) == 0);
	CHECK(thaw_install_fault(&reader, vma(), (uintptr_t)memory, THAW_CONTINUE) == THAW_DONE);
	pthread_join(thread, NULL);
	CHECK(found == 1 && counters()->eexist == 1);
	end();
}

static void partial(void)
{
	begin("EAGAIN, partly done: goes on behind a page that is mapped already");
	CHECK(continue_page(5, 0) == 0);
	CHECK(thaw_install_fault(&reader, vma(), (uintptr_t)memory, THAW_CONTINUE) == THAW_DONE);
	for (unsigned int i = 0; i < PAGES; i++)
		CHECK(is_present(i));
	CHECK(counters()->eagain_partial == 1 && counters()->eexist == 1);
	end();
}

static void hole(void)
{
	begin("EFAULT: a hole where there should be a page is filled again");
	if (fallocate(memfd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 7 * PAGE, PAGE))
		die("fallocate");
	CHECK(thaw_install_fault(&reader, vma(), (uintptr_t)memory, THAW_CONTINUE) == THAW_DONE);
	CHECK(is_present(6) && !is_present(7) && is_present(8));
	CHECK(counters()->efault == 1);
	end();
}

static void *refill(void *unused)
{
	const uint64_t one = 1;
	char page[PAGE];

	(void)unused;
	memset(page, 99, PAGE);
	while (!__atomic_load_n(&reader.ref->ring_head, __ATOMIC_ACQUIRE))
		;
	CHECK(reader.ref->ring[0].index == 7);
	CHECK(reader.ref->ring[0].flags == THAW_REQUEST_REFILL);
	if (pwrite(memfd, page, PAGE, 7 * PAGE) != PAGE)
		die("pwrite");
	reader.ref->ring_tail = 1;
	if (write(reader.ref->filled_eventfd, &one, 8) != 8)
		die("eventfd");
	return NULL;
}

static void hole_on_demand(void)
{
	pthread_t thread;

	begin("EFAULT: a thread that waits for the hole gets what is filled");
	if (fallocate(memfd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 7 * PAGE, PAGE))
		die("fallocate");
	pthread_create(&thread, NULL, refill, NULL);
	serve();
	CHECK(touch(7) == 99);
	pthread_join(thread, NULL);
	end();
}

static void *touch_address(void *page)
{
	return (void *)(intptr_t)*(volatile unsigned char *)page;
}

static void *drop(void *unused)
{
	(void)unused;
	if (madvise(memory + 40 * PAGE, PAGE, MADV_DONTNEED))
		die("madvise");
	return NULL;
}

static void event_waiting(void)
{
	pthread_t threads[24], dropper;
	void *found;

	begin("EAGAIN, an event is unread: it is read first");
	session.around_pages = session.around_max_pages = 1;
	/* read(2) hands faults out before events, and the journal takes 16 messages. */
	for (unsigned int i = 0; i < 24; i++)
		pthread_create(&threads[i], NULL, touch_address, memory + i * PAGE);
	await_message(24);
	pthread_create(&dropper, NULL, drop, NULL);
	while (continue_page(63, 0) != -EAGAIN)
		;
	CHECK(thaw_reader_read(&reader, true) == 0 && reader.pending_count == 16);
	CHECK(thaw_install_fault(&reader, vma(), reader.pending[0].address, THAW_CONTINUE) ==
	      THAW_EVENTS);
	CHECK(thaw_reader_read(&reader, true) == 0 && reader.pending_count == 24);
	CHECK(reader.bytes[40] == THAW_SPACE_DROPPED);
	serve();
	for (unsigned int i = 0; i < 24; i++) {
		pthread_join(threads[i], &found);
		CHECK((intptr_t)found == i + 1);
	}
	pthread_join(dropper, NULL);
	CHECK(counters()->eagain_events >= 1);
	CHECK(touch(40) == 0);
	end();
}

static void split_vma(void)
{
	begin("ENOENT: a VMA that mprotect has split is installed piece by piece");
	if (mprotect(memory + 10 * PAGE, 10 * PAGE, PROT_READ))
		die("mprotect");
	CHECK(thaw_install_fault(&reader, vma(), (uintptr_t)memory, THAW_CONTINUE) == THAW_DONE);
	CHECK(is_present(0) && counters()->enoent >= 1);
	serve();
	for (unsigned int i = 0; i < PAGES; i++)
		CHECK(touch(i) == (int)i + 1);
	end();
}

static void not_registered(void)
{
	struct uffdio_range range;

	begin("ENOENT: a page that is not registered is left to its thread");
	range.start = (uintptr_t)memory;
	range.len = PAGES * PAGE;
	if (ioctl(reader.uffd, UFFDIO_UNREGISTER, &range))
		die("UFFDIO_UNREGISTER");
	CHECK(thaw_install_fault(&reader, vma(), (uintptr_t)memory, THAW_CONTINUE) == THAW_LAYOUT);
	CHECK(!thaw_is_one_vma(reader.uffd, (uintptr_t)memory, (uintptr_t)memory + 2 * PAGE));
	end();
}

static void one_vma(void)
{
	uint64_t at;

	begin("ENOENT tells whether a range is one VMA, and installs nothing");
	at = (uintptr_t)memory;
	CHECK(thaw_is_one_vma(reader.uffd, at, at + PAGES * PAGE));
	CHECK(!thaw_is_one_vma(reader.uffd, at, at + PAGES * PAGE + PAGE));
	if (mprotect(memory + 10 * PAGE, 10 * PAGE, PROT_READ))
		die("mprotect");
	CHECK(!thaw_is_one_vma(reader.uffd, at + 9 * PAGE, at + 11 * PAGE));
	for (unsigned int i = 0; i < PAGES; i++)
		CHECK(!is_present(i));
	end();
}

static void beyond_the_end(void)
{
	char *beyond;

	begin("EINVAL: a page beyond the end of the file is a bug, and poisoned");
	if (ftruncate(memfd, 32 * PAGE))
		die("ftruncate");
	beyond = memory + 40 * PAGE;
	CHECK(thaw_install_fault(&reader, vma(), (uintptr_t)beyond, THAW_CONTINUE) == THAW_BUG);
	CHECK(reader.last_errno == EINVAL);
	CHECK(thaw_install_fault(&reader, vma(), (uintptr_t)memory + 31 * PAGE, THAW_CONTINUE) ==
	      THAW_DONE);
	end();
}

static void anonymous(void)
{
	char *other, *mapped;

	begin("EINVAL: the thread gets SIGBUS, not zeros, where the table is wrong");
	other = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	register_range(reader.uffd, other, PAGES * PAGE, UFFDIO_REGISTER_MODE_MISSING);
	space->vmas[0][0].start = (uintptr_t)other;
	space->vmas[0][0].end = (uintptr_t)other + PAGES * PAGE;
	mapped = memory;
	memory = other;
	serve();
	CHECK(touch(0) == -1);
	memory = mapped;
	end();
}

static void target_gone(void)
{
	int pair[2], number, status;
	pid_t pid;

	begin("ESRCH: the process is gone");
	close(reader.uffd); /* nobody would read the event of this fork */
	if (pipe(pair))
		die("pipe");
	pid = fork();
	if (!pid) {
		int uffd = make_uffd();

		register_range(uffd, memory, PAGES * PAGE, 5);
		if (write(pair[1], &uffd, sizeof(uffd)) != sizeof(uffd))
			_exit(1);
		pause();
	}
	if (read(pair[0], &number, sizeof(number)) != sizeof(number))
		die("pipe");
	reader.uffd = syscall(SYS_pidfd_getfd, syscall(SYS_pidfd_open, pid, 0), number, 0);
	CHECK(reader.uffd >= 0 && !thaw_process_gone(reader.uffd));
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	CHECK(thaw_process_gone(reader.uffd));
	CHECK(thaw_install_fault(&reader, vma(), (uintptr_t)memory, THAW_CONTINUE) ==
	      THAW_TARGET_GONE);
	end();
}

static void no_handshake(void)
{
	begin("EINVAL: a userfaultfd without its handshake is a bug");
	close(reader.uffd);
	reader.uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	CHECK(thaw_install_fault(&reader, vma(), (uintptr_t)memory, THAW_CONTINUE) == THAW_BUG);
	end();
}

static void poison(void)
{
	begin("poison stays: CONTINUE would succeed over it");
	pages[3] = THAW_PAGE_HAS_CONTENT | THAW_PAGE_POISONED;
	serve();
	CHECK(touch(3) == -1);
	CHECK(touch(2) == 3 && touch(4) == 5);
	CHECK(touch(3) == -1);
	CHECK(counters()->poisoned == 1);
	end();
}

static void sigbus(int signal)
{
	(void)signal;
	siglongjmp(on_sigbus, 1);
}

static void nothing(int signal)
{
	(void)signal;
}

int main(void)
{
	struct sigaction bus = {.sa_handler = sigbus, .sa_flags = SA_NODEFER};
	struct sigaction interrupt = {.sa_handler = nothing};

	setvbuf(stdout, NULL, _IOLBF, 0);
	sigaction(SIGBUS, &bus, NULL);
	sigaction(SIGUSR1, &interrupt, NULL);
	space = mmap(NULL, THAW_SPACE_BYTES, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	success();
	already_mapped();
	partial();
	hole();
	hole_on_demand();
	event_waiting();
	split_vma();
	not_registered();
	one_vma();
	beyond_the_end();
	anonymous();
	target_gone();
	no_handshake();
	poison();
	return 0;
}
