/*
 * What the kernel keeps for each thread by address: fs and gs base, rseq registration, the word that
 * CLONE_CHILD_CLEARTID clears at its end, the alternate stack while a handler runs on it.
 */
#include "frame.h"

#include <asm/prctl.h>
#include <sched.h>
#include <sys/rseq.h>
#include <ucontext.h>

static pthread_barrier_t barrier;
static char alternate[65536];
static volatile pid_t cleared = -1;

static unsigned long base(int which)
{
	unsigned long value;

	OK(syscall(SYS_arch_prctl, which, &value));
	return value;
}

static volatile struct rseq *own_rseq(void)
{
	return (volatile struct rseq *)((char *)__builtin_thread_pointer() + __rseq_offset);
}

static void check_rseq(void)
{
	cpu_set_t cpus;
	unsigned cpu, agree = 0;

	CHECK_EQ("rseq is registered", __rseq_size > 0, 1);
	OK(sched_getaffinity(0, sizeof(cpus), &cpus));
	/* cpu_id is written at every return to user space, if the registration is alive */
	for (int i = 0; i < 1000; i++) {
		for (int c = 0; c < CPU_SETSIZE; c++) {
			if (!CPU_ISSET(c, &cpus))
				continue;
			cpu_set_t one;
			CPU_ZERO(&one);
			CPU_SET(c, &one);
			OK(sched_setaffinity(0, sizeof(one), &one));
			OK(syscall(SYS_getcpu, &cpu, NULL, NULL));
			CHECK_EQ("moved", cpu, c);
			CHECK_EQ("rseq cpu_id", own_rseq()->cpu_id, c);
			agree++;
		}
		if (agree > 8)
			break;
	}
	OK(sched_setaffinity(0, sizeof(cpus), &cpus));
	/* registering again at the same address says EBUSY, or it was not registered */
	CHECK_ERRNO(syscall(SYS_rseq, own_rseq(), 32, 0, RSEQ_SIG), EBUSY);
}

static void on_signal(int number)
{
	stack_t now;

	(void)number;
	pthread_barrier_wait(&barrier);	/* ready, on the alternate stack */
	pthread_barrier_wait(&barrier);	/* restored, still on it */
	OK(sigaltstack(NULL, &now));
	SABOTAGE("the alternate stack is forgotten")
		now.ss_flags = SS_DISABLE;
	CHECK_EQ("on the alternate stack", now.ss_flags, SS_ONSTACK);
	CHECK_EQ("the alternate stack", now.ss_sp, alternate);
	char *frame = __builtin_frame_address(0);
	CHECK("runs on it", frame > alternate && frame < alternate + sizeof(alternate));
}

static void *run(void *unused)
{
	stack_t stack = { .ss_sp = alternate, .ss_size = sizeof(alternate) };
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_ONSTACK };

	(void)unused;
	OK(syscall(SYS_arch_prctl, ARCH_SET_GS, 0x7123456789a0));
	unsigned long fs = base(ARCH_GET_FS);
	OK(syscall(SYS_set_tid_address, &cleared));
	OK(sigaltstack(&stack, NULL));
	OK(sigaction(SIGUSR1, &action, NULL));
	OK0(pthread_kill(pthread_self(), SIGUSR1));
	SABOTAGE("gs base is lost")
		OK(syscall(SYS_arch_prctl, ARCH_SET_GS, 0));
	CHECK_EQ("fs base", base(ARCH_GET_FS), fs);
	CHECK_EQ("gs base", base(ARCH_GET_GS), 0x7123456789a0);
	SABOTAGE("rseq is not registered")
		OK(syscall(SYS_rseq, own_rseq(), 32, RSEQ_FLAG_UNREGISTER, RSEQ_SIG));
	check_rseq();
	SABOTAGE("clear_child_tid is another address") {
		static pid_t other;
		OK(syscall(SYS_set_tid_address, &other));
	}
	syscall(SYS_exit, 0);	/* pthread_join() would wait for the word that libc registered */
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t thread;

	frame_start(argc, argv);
	OK(syscall(SYS_arch_prctl, ARCH_SET_GS, 0x123456789000));
	unsigned long fs = base(ARCH_GET_FS);
	OK0(pthread_barrier_init(&barrier, NULL, 2));
	OK0(pthread_create(&thread, NULL, run, NULL));
	pthread_barrier_wait(&barrier);
	frame_wait();
	CHECK_EQ("fs base", base(ARCH_GET_FS), fs);
	CHECK_EQ("gs base", base(ARCH_GET_GS), 0x123456789000);
	check_rseq();
	pthread_barrier_wait(&barrier);
	for (int64_t end = frame_now_ns(CLOCK_MONOTONIC) + 5000000000LL; cleared;)
		CHECK("the ended thread's word is cleared", frame_now_ns(CLOCK_MONOTONIC) < end);
	return frame_pass();
}
