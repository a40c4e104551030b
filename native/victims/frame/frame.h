/*
 * The frame that all victims share. A victim is a program that builds a state, says that it is ready,
 * is dumped, killed and restored by the harness while it waits, and then checks its state itself:
 *
 *	int main(int argc, char **argv)
 *	{
 *		frame_start(argc, argv);
 *		... build a state ...
 *		frame_wait();
 *		SABOTAGE("the content is lost") memset(p, 0, size);
 *		... check all of it, CHECK_EQ("what", actual, expected) ...
 *		return frame_pass();
 *	}
 *
 * Usage of every victim:
 *	NAME LOG		log to LOG ("ready", then "PASS" or "FAIL: why"), wait for SIGUSR2
 *	NAME --self		no waiting: the checks must PASS on a state that nobody touched
 *	NAME --sabotages	list what the victim can destroy between waiting and checking
 *	NAME --sabotage WHAT	destroy it: the checks must FAIL, or they would not see it missing
 */
#ifndef FRAME_H
#define FRAME_H

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096UL
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Own session, stdio on the log, SIGUSR2 blocked, nothing else inherited. First call of main(). */
void frame_start(int argc, char **argv);

/* Ready. Comes back after SIGUSR2, however often something interrupts the wait. */
void frame_wait(void);

/* Last call: the verdict of the root; a child of frame_fork() only exits. Does not return. */
int frame_pass(void) __attribute__((noreturn));

void frame_fail(const char *file, int line, const char *format, ...)
	__attribute__((noreturn, format(printf, 3, 4)));

/* fork(); the parent comes back once the child is in frame_wait(). */
pid_t frame_fork(void);
/* Wakes a child of frame_fork() and wants it to pass. */
void frame_join(pid_t pid);
/* waitpid() that wants this very wait status. */
void frame_reap(pid_t pid, int expected_status);

/* A path in a directory of the victim's own, which is removed after the run. Never freed. */
char *frame_path(const char *name);

/* Whether --sabotage NAME was given. Use SABOTAGE. */
bool frame_sabotaged(const char *name);
/* True as the harness runs it, false with --self and --sabotage. */
bool frame_is_dumped(void);

/* The statement after it runs only with --sabotage NAME. Names go into a section of their own. */
#define SABOTAGE(name)                                                                             \
	if (({                                                                                     \
		    static const char sabotage_[]                                                  \
			    __attribute__((section("sabotages"), used)) = name;                    \
		    frame_sabotaged(sabotage_);                                                    \
	    }))

#define FAIL(...) frame_fail(__FILE__, __LINE__, __VA_ARGS__)

#define CHECK(what, condition)                                                                     \
	do {                                                                                       \
		if (!(condition))                                                                  \
			FAIL("%s: not so: %s", what, #condition);                                  \
	} while (0)

#define CHECK_EQ(what, actual, expected)                                                           \
	do {                                                                                       \
		long long actual_ = (long long)(actual), expected_ = (long long)(expected);        \
		if (actual_ != expected_)                                                          \
			FAIL("%s: expected %lld (%#llx), is %lld (%#llx)", what, expected_,        \
			     expected_, actual_, actual_);                                         \
	} while (0)

#define CHECK_STR(what, actual, expected)                                                          \
	do {                                                                                       \
		const char *actual_ = (actual), *expected_ = (expected);                           \
		if (strcmp(actual_, expected_))                                                    \
			FAIL("%s: expected \"%s\", is \"%s\"", what, expected_, actual_);          \
	} while (0)

/* first difference of two blocks of memory */
#define CHECK_MEM(what, actual, expected, size)                                                    \
	frame_check_mem(__FILE__, __LINE__, what, actual, expected, size)
void frame_check_mem(const char *file, int line, const char *what, const void *actual,
		     const void *expected, size_t size);

/* A call that must succeed, in any phase: its value. */
#define OK(call)                                                                                   \
	({                                                                                         \
		long long ok_ = (long long)(call);                                                 \
		if (ok_ == -1)                                                                     \
			FAIL("%s: %s", #call, strerror(errno));                                    \
		ok_;                                                                               \
	})

/* A call that must fail with this errno. */
#define CHECK_ERRNO(call, expected)                                                                \
	do {                                                                                       \
		errno = 0;                                                                         \
		long long value_ = (long long)(call);                                              \
		if (value_ != -1 || errno != (expected))                                           \
			FAIL("%s: expected %s, is %lld %s", #call, strerror(expected), value_,     \
			     strerror(errno));                                                     \
	} while (0)

/* A pthread call: 0 or an errno. */
#define OK0(call)                                                                                  \
	do {                                                                                       \
		int error_ = (call);                                                               \
		if (error_)                                                                        \
			FAIL("%s: %s", #call, strerror(error_));                                   \
	} while (0)

/* --- memory: a pattern in which every word differs, by seed and place --- */
uint64_t frame_word(uint64_t seed, uint64_t index);
void frame_fill(void *start, size_t size, uint64_t seed);
void frame_check_pattern(const char *what, const void *start, size_t size, uint64_t seed);
void frame_check_zero(const char *what, const void *start, size_t size);
/* mmap() that must succeed, private and anonymous. */
void *frame_map(size_t size, int prot, int extra_flags);

/* --- what /proc says --- */
struct frame_vma {
	unsigned long start, end, offset;
	char perms[5];
	char path[256];
	char vm_flags[256];	/* the VmFlags line of smaps, with a blank before and after each */
	unsigned long locked_kb;
	unsigned long kernel_page_kb;
};
/* The VMA that holds the address; false if none does. */
bool frame_vma_at(const void *address, struct frame_vma *vma);
/* All of [start, start + size) is mapped with these permissions, like "rw-p". */
void frame_check_perms(const char *what, const void *start, size_t size, const char *perms);
void frame_check_unmapped(const char *what, const void *start, size_t size);
/* A whole file, NUL-terminated; size (may be NULL) without the NUL. The caller frees it. */
char *frame_read_file(const char *path, size_t *size);
/* The text after "key:" in a file of such lines, without blanks at its ends. Never freed. */
char *frame_proc_value(const char *path, const char *key);

/* --- threads --- */
/* Waits until the thread sleeps in this system call (or in restart_syscall for it). */
void frame_until_blocked(pid_t tid, long syscall_number);
/* Whether the thread is in this system call (or in restart_syscall) now. */
bool frame_is_blocked(pid_t tid, long syscall_number);

int64_t frame_now_ns(clockid_t clock);

#endif
