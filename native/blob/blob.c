/*
 * The blob: an interpreter of system-call programs that runs inside another process. Freestanding,
 * position independent, no globals, no relocations, general registers only.
 *
 * Nothing here may use a system call that sets a restart block (nanosleep, poll, futex with a
 * timeout): the target's own may be in use.
 */
#include "layout.h"

#include <linux/fcntl.h>
#include <stddef.h>
#include <asm/signal.h>
#include <asm/unistd.h>

#define AF_UNIX 1
#define SOCK_SEQPACKET 5
#define SOCK_CLOEXEC 02000000
#define MSG_NOSIGNAL 0x4000
#define ERESTARTSYS 512
#define ERESTARTNOHAND 514
#define ERESTART_RESTARTBLOCK 516
#define MAX_ERRNO 4095

_Static_assert(offsetof(struct blob_header, block_bytes) == HEADER_BLOCK_BYTES, "entry.S");
_Static_assert(offsetof(struct blob_header, area) == HEADER_AREA, "entry.S");
_Static_assert(offsetof(struct blob_header, area_bytes) == HEADER_AREA_BYTES, "entry.S");
_Static_assert(offsetof(struct blob_header, anchor_leave) == HEADER_ANCHOR_LEAVE, "entry.S");
_Static_assert(offsetof(struct blob_header, target_rsp) == HEADER_TARGET_RSP, "entry.S");
_Static_assert(offsetof(struct blob_header, own_fd) == HEADER_OWN_FD, "entry.S");
_Static_assert(sizeof(struct blob_op) == 80, "no padding");

/* blob.lds places this right behind the jump at offset 0; Java compares it with its own numbers. */
__attribute__((section(".text.layout"), used, aligned(8))) static const uint32_t layout[] = {
	BLOB_MAGIC,
	BLOB_CODE_BYTES,
	BLOB_PROGRAM,
	sizeof(struct blob_header),
	offsetof(struct blob_header, target_mask),
	offsetof(struct blob_header, interrupted),
	offsetof(struct blob_header, close_first),
	offsetof(struct blob_header, state),
	offsetof(struct blob_header, op_count),
	offsetof(struct blob_header, ops_offset),
	sizeof(struct blob_op),
	offsetof(struct blob_op, success),
	offsetof(struct blob_op, kind),
	offsetof(struct blob_op, expected),
	offsetof(struct blob_op, arg),
	offsetof(struct blob_op, result),
	ANCHOR_LEAVE,
	ANCHOR_MASK,
	ANCHOR_REGS,
	ANCHOR_REGS_EINTR,
	ANCHOR_BYTES,
};

struct kernel_sigaction {
	uint64_t handler;
	uint64_t flags;
	uint64_t restorer;
	uint64_t mask;
};

__attribute__((noreturn)) void blob_leave(struct blob_header *h, int eintr);

static inline int64_t call6(uint64_t nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e,
			    uint64_t f)
{
	register uint64_t r10 __asm__("r10") = d;
	register uint64_t r8 __asm__("r8") = e;
	register uint64_t r9 __asm__("r9") = f;
	int64_t result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "0"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

static inline int64_t call4(uint64_t nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	return call6(nr, a, b, c, d, 0, 0);
}

static uint64_t argument(struct blob_header *h, const struct blob_op *op, int i)
{
	char *data = (char *)h + h->data_offset;
	const struct blob_op *ops = (void *)((char *)h + h->ops_offset);
	uint64_t value = op->arg[i];

	if (op->kind[i] == BLOB_ARG_DATA)
		return (uint64_t)data + value;
	if (op->kind[i] == BLOB_ARG_RESULT)
		return (uint64_t)ops[value].result;
	if (op->kind[i] == BLOB_ARG_WORD32)
		return (uint64_t)(int64_t)*(int32_t *)(data + value);
	if (op->kind[i] == BLOB_ARG_WORD64)
		return *(uint64_t *)(data + value);
	return value;
}

static int succeeded(const struct blob_op *op)
{
	int64_t result = op->result;
	int failed = result < 0 && result >= -MAX_ERRNO;

	if (op->success == BLOB_ANY)
		return 1;
	if (op->success == BLOB_EXACTLY)
		return result == op->expected;
	if (op->success == BLOB_OR_ERRNO && failed) {
		for (int shift = 0; shift < 64; shift += 16)
			if (-result == ((op->expected >> shift) & 0xffff))
				return 1;
	}
	return !failed;
}

static void run(struct blob_header *h)
{
	struct blob_op *ops = (void *)((char *)h + h->ops_offset);

	h->failed = -1;
	for (uint32_t i = 0; i < h->op_count; i++) {
		struct blob_op *op = &ops[i];

		op->result = call6(op->nr, argument(h, op, 0), argument(h, op, 1), argument(h, op, 2),
				   argument(h, op, 3), argument(h, op, 4), argument(h, op, 5));
		if (!succeeded(op)) {
			h->failed = (int32_t)i;
			return;
		}
	}
}

/*
 * Whether the interrupted call must end with EINTR rather than be made again: a signal with a
 * handler came while the blob was in the way, and the kernel would not have restarted the call.
 */
static int must_interrupt(const struct blob_header *h)
{
	uint64_t pending = 0;

	if (h->interrupted != -ERESTARTSYS && h->interrupted != -ERESTARTNOHAND &&
	    h->interrupted != -ERESTART_RESTARTBLOCK)
		return 0;
	call4(__NR_rt_sigpending, (uint64_t)&pending, sizeof(pending), 0, 0);
	pending &= ~h->target_mask;
	for (int sig = 1; sig <= 64; sig++) {
		struct kernel_sigaction action;

		if (!(pending >> (sig - 1) & 1))
			continue;
		if (call4(__NR_rt_sigaction, (uint64_t)sig, 0, (uint64_t)&action, 8) != 0)
			continue;
		if (action.handler > 1 &&
		    (h->interrupted != -ERESTARTSYS || !(action.flags & SA_RESTART)))
			return 1;
	}
	return 0;
}

/* At least min_fd, where numbers below must stay free; -errno. */
static int32_t lift(int32_t fd, int32_t min_fd)
{
	int64_t lifted;

	if (fd >= min_fd)
		return fd;
	lifted = call4(__NR_fcntl, (uint64_t)fd, F_DUPFD_CLOEXEC, (uint64_t)min_fd, 0);
	call4(__NR_close, (uint64_t)fd, 0, 0, 0);
	return (int32_t)lifted;
}

/* A command; 0 where the driver is gone. */
static int64_t receive(const struct blob_header *h)
{
	char command = 0;

	return call4(__NR_read, (uint64_t)h->own_fd, (uint64_t)&command, 1, 0) == 1 ? command : 0;
}

/* The driver takes the thread from here to where it is to go on. */
__attribute__((noreturn)) static void wait_to_be_taken(struct blob_header *h)
{
	h->state = BLOB_LEFT;
	call4(__NR_close, (uint64_t)h->own_fd, 0, 0, 0);
	for (;;)
		call4(__NR_pause, 0, 0, 0, 0);
}

/*
 * Makes the socket. The driver, which traces every system call until here, finds the blob at the
 * entry to sched_yield and takes its end. If it is dead by then, closing the other end leaves the
 * socket without a peer, and the first read says so: no wait with a time limit is needed.
 */
static int bootstrap(struct blob_header *h)
{
	int32_t pair[2];
	int64_t result;

	if (h->close_first >= 0)
		call4(__NR_close, (uint64_t)h->close_first, 0, 0, 0);
	result = call4(__NR_socketpair, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, (uint64_t)pair);
	if (result == 0) {
		h->own_fd = lift(pair[0], h->min_fd);
		h->driver_fd = pair[1];
		if (h->own_fd < 0)
			result = h->own_fd;
	}
	h->state = result == 0 ? BLOB_OFFERED : (int32_t)result;
	call4(BLOB_MARKER, 0, 0, 0, 0);
	if (h->driver_fd >= 0)
		call4(__NR_close, (uint64_t)h->driver_fd, 0, 0, 0);
	return result == 0;
}

__attribute__((noreturn)) void blob_main(struct blob_header *h)
{
	if (h->state != BLOB_GIVEN)
		h->own_fd = h->driver_fd = -1;
	if (h->state == BLOB_GIVEN || bootstrap(h)) {
		const char done = BLOB_REPLY_DONE;
		int64_t command;

		while ((command = receive(h)) == BLOB_COMMAND_RUN || command == BLOB_COMMAND_LAST) {
			run(h);
			if (command == BLOB_COMMAND_LAST)
				wait_to_be_taken(h);
			if (call6(__NR_sendto, (uint64_t)h->own_fd, (uint64_t)&done, 1, MSG_NOSIGNAL,
				  0, 0) != 1)
				break;
		}
	}
	blob_leave(h, must_interrupt(h));
}
