/*
 * What the JVM and thaw-init say to each other: one SOCK_SEQPACKET message each way per request,
 * this header first, descriptors by SCM_RIGHTS, a payload after it where the type says so. A request that
 * may be repeated is, when no answer comes: thaw-init may have been killed with it in hand.
 * dev.thaw.pager.InitConnection mirrors it; TablesTest compares the two.
 */
#ifndef THAW_INIT_PROTO_H
#define THAW_INIT_PROTO_H

#include <stdint.h>

#define THAW_INIT_VERSION 4u
#define THAW_INIT_MAX_FDS 5
#define THAW_INIT_MAX_BYTES 65536

enum thaw_init_type {
	/*
	 * -> ; <- fds: session, pages, request eventfd, pager eventfd, a pidfd of thaw-init; args: its
	 * pid, backings so far.
	 * Pids in args are thaw-init's own view; one in another pid namespace learns its own from the pidfd.
	 */
	THAW_INIT_HELLO = 1,
	/*
	 * A task that runs what the driver gives it, from the first byte on, with all signals blocked:
	 * no code of thaw-init's, no descriptor but 0, 1, 2 and one end of a socket pair. rdi has the
	 * address of struct blob_header (native/blob/layout.h); the code before that is r-x, the rest rw-.
	 * args: wanted pid, address and bytes of its area (fixed), number of its descriptor;
	 * payload: what is at the area's beginning; <- args: pid; fds: a pidfd of it, the other end
	 */
	THAW_INIT_SPAWN = 2,
	/* fds: memfd, extents; args: index into backings; <- args: the two numbers */
	THAW_INIT_ADD_BACKING = 3,
	/* fds: uffd, space memfd; args: pid, flags; <- args: index into spaces */
	THAW_INIT_ADD_SPACE = 4,
	/* serve from here on; <- args: pid of thaw-pager */
	THAW_INIT_START = 5,
	/* args: pid of the root, and the one to tell the launcher; payload: the command of a filler to start, \0 after each word */
	THAW_INIT_RUNNING = 6,
	/* args: number of a descriptor of thaw-init; <- fds: it */
	THAW_INIT_GET_FD = 7,
	/* args: pid; <- args: 1 and the wait status if thaw-init has reaped it lately, else 0 */
	THAW_INIT_REAPED = 8,
	/* args: pid of the root as the launcher sees it, to be told to it at once */
	THAW_INIT_ROOT = 9,
	/* fds: one, to be kept; <- args: its number, for the tree to take it by */
	THAW_INIT_HOLD = 10,
	/* args: such a number, which is closed */
	THAW_INIT_DROP = 11,
	/* payload: thaw_init_range, any number; their pages are there afterwards, empty if they were not */
	THAW_INIT_ALLOCATE = 12,
};

struct thaw_init_msg {
	uint32_t version;
	uint32_t type;
	int32_t error; /* in a reply: 0 or an errno */
	uint32_t payload_bytes;
	int64_t args[4];
	uint64_t number; /* of the request, and again in its answer */
};

_Static_assert(sizeof(struct thaw_init_msg) == 56, "no padding");

struct thaw_init_range {
	uint64_t first_page; /* of the memfd */
	uint32_t page_count;
	uint32_t backing; /* index into backings */
};

_Static_assert(sizeof(struct thaw_init_range) == 16, "no padding");

#endif
