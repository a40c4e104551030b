/* A recording of what the tree touches, as far as it is thaw-init's: its log, two of its ends. */
#include <errno.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "init.h"

int record_make_log(void)
{
	int fd = memfd_create("thaw-touches", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, THAW_TOUCHES_BYTES))
		return -errno;
	init.session->touches_fd = fd;
	return record_map_log();
}

int record_map_log(void)
{
	int fd = init.session->touches_fd;
	struct thaw_touches *t = mmap(NULL, THAW_TOUCHES_LOG_OFFSET, PROT_READ | PROT_WRITE,
				      MAP_SHARED, fd, 0);

	if (t == MAP_FAILED)
		return -errno;
	/* As with the session: what is spawned must not have it. */
	if (madvise(t, THAW_TOUCHES_LOG_OFFSET, MADV_DONTFORK))
		return -errno;
	t->version = THAW_TOUCHES_VERSION;
	init.touches = t;
	return 0;
}

void record_end(enum thaw_recording how)
{
	struct timespec now;

	if (!thaw_touches_end(init.touches, how))
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	__atomic_store_n(&init.touches->end_nanos,
			 (uint64_t)now.tv_sec * 1000000000u + now.tv_nsec -
				 init.touches->start_nanos,
			 __ATOMIC_RELEASE);
}

bool record_awaits_writer(void)
{
	record_end(THAW_RECORDING_GONE);
	return init.jvm_pid && thaw_touches_pending(init.touches);
}
