/*
 * Every register of a thread that computes: general purpose, flags, x87 stack, MMX by it, SSE, AVX, AVX-512
 * with opmasks where the CPU has them. Threads load their registers with a pattern and spin on a word in
 * memory, in assembly; when the word changes they store the registers, which must be the same.
 */
#include "frame.h"

static volatile uint64_t stop;
static volatile unsigned spinning;

struct block {
	uint64_t in[256], out[256];
} __attribute__((aligned(64)));

static struct block general, x87, sse, avx, avx512, opmask;

static void *spin_general(void *arg)
{
	struct block *b = arg;

	/* rsp and rbp stay the stack's; rdi holds the block, rsi counts the loops, rdx their copy */
	asm volatile(
		"mov 0(%%rdi), %%rax\n mov 8(%%rdi), %%rbx\n mov 16(%%rdi), %%rcx\n"
		"mov 40(%%rdi), %%r8\n mov 48(%%rdi), %%r9\n mov 56(%%rdi), %%r10\n"
		"mov 64(%%rdi), %%r11\n mov 72(%%rdi), %%r12\n mov 80(%%rdi), %%r13\n"
		"mov 88(%%rdi), %%r14\n mov 96(%%rdi), %%r15\n"
		"xor %%esi, %%esi\n xor %%edx, %%edx\n"
		"std\n"
		"1: inc %%rsi\n inc %%rdx\n cmpq $0, stop(%%rip)\n je 1b\n"
		"mov %%rax, 2048(%%rdi)\n mov %%rbx, 2056(%%rdi)\n mov %%rcx, 2064(%%rdi)\n"
		"mov %%r8, 2088(%%rdi)\n mov %%r9, 2096(%%rdi)\n mov %%r10, 2104(%%rdi)\n"
		"mov %%r11, 2112(%%rdi)\n mov %%r12, 2120(%%rdi)\n mov %%r13, 2128(%%rdi)\n"
		"mov %%r14, 2136(%%rdi)\n mov %%r15, 2144(%%rdi)\n"
		"sub %%rdx, %%rsi\n mov %%rsi, 2072(%%rdi)\n"
		"pushfq\n popq %%rax\n cld\n and $0x400, %%eax\n mov %%rax, 2080(%%rdi)\n"
		:
		: "D"(b)
		: "rax", "rbx", "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
		  "cc", "memory");
	return NULL;
}

static void *spin_x87(void *arg)
{
	struct block *b = arg;

	asm volatile("fninit\n fldcw 240(%0)\n"
		     "fldl 0(%0)\n fldl 8(%0)\n fldl 16(%0)\n fldl 24(%0)\n"
		     "fldl 32(%0)\n fldl 40(%0)\n fldl 48(%0)\n"
		     "1: cmpq $0, stop(%%rip)\n je 1b\n"
		     "fnstcw 2288(%0)\n"
		     "fstpl 2096(%0)\n fstpl 2088(%0)\n fstpl 2080(%0)\n fstpl 2072(%0)\n"
		     "fstpl 2064(%0)\n fstpl 2056(%0)\n fstpl 2048(%0)\n fninit\n"
		     :
		     : "r"(b)
		     : "cc", "memory");
	return NULL;
}

#define SPIN "1: cmpq $0, stop(%%rip)\n je 1b\n"

#define MOVE16(insn) \
	insn(0) insn(1) insn(2)                 \
	insn(3) insn(4) insn(5)                 \
	insn(6) insn(7) insn(8)                 \
	insn(9) insn(10) insn(11)               \
	insn(12) insn(13) insn(14)              \
	insn(15)
#define SSE_LOAD(n) "movups " #n "*16(%0), %%xmm" #n "\n"
#define SSE_STORE(n) "movups %%xmm" #n ", 2048+" #n "*16(%0)\n"
#define AVX_LOAD(n) "vmovups " #n "*32(%0), %%ymm" #n "\n"
#define AVX_STORE(n) "vmovups %%ymm" #n ", 2048+" #n "*32(%0)\n"
#define LOW_LOAD(n) "vmovups " #n "*64(%0), %%zmm" #n "\n"
#define LOW_STORE(n) "vmovups %%zmm" #n ", 2048+" #n "*64(%0)\n"

static void *spin_sse(void *arg)
{
	asm volatile(MOVE16(SSE_LOAD) "ldmxcsr 1024(%0)\n" SPIN MOVE16(SSE_STORE)
		     "stmxcsr 3072(%0)\n"
		     :
		     : "r"(arg)
		     : "cc", "memory", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",
		       "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
	return NULL;
}

static __attribute__((target("avx"))) void *spin_avx(void *arg)
{
	asm volatile(MOVE16(AVX_LOAD) SPIN MOVE16(AVX_STORE) "vzeroupper\n"
		     :
		     : "r"(arg)
		     : "cc", "memory", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",
		       "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
	return NULL;
}

/* zmm0 to 15, then zmm16 to 31 from the second half of 2 KiB */
static __attribute__((target("avx512f"))) void *spin_avx512(void *arg)
{
	asm volatile(MOVE16(LOW_LOAD)
		     "vmovups 1024(%0), %%zmm16\n vmovups 1088(%0), %%zmm17\n"
		     "vmovups 1152(%0), %%zmm23\n vmovups 1216(%0), %%zmm30\n"
		     "vmovups 1280(%0), %%zmm31\n" SPIN MOVE16(LOW_STORE)
		     "vmovups %%zmm16, 3072(%0)\n vmovups %%zmm17, 3136(%0)\n"
		     "vmovups %%zmm23, 3200(%0)\n vmovups %%zmm30, 3264(%0)\n"
		     "vmovups %%zmm31, 3328(%0)\n vzeroupper\n"
		     :
		     : "r"(arg)
		     : "cc", "memory", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",
		       "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
	return NULL;
}

static __attribute__((target("avx512f,avx512bw"))) void *spin_opmask(void *arg)
{
	asm volatile("kmovq 0(%0), %%k0\n kmovq 8(%0), %%k1\n kmovq 16(%0), %%k2\n"
		     "kmovq 24(%0), %%k3\n kmovq 32(%0), %%k4\n kmovq 40(%0), %%k5\n"
		     "kmovq 48(%0), %%k6\n kmovq 56(%0), %%k7\n" SPIN
		     "kmovq %%k0, 2048(%0)\n kmovq %%k1, 2056(%0)\n kmovq %%k2, 2064(%0)\n"
		     "kmovq %%k3, 2072(%0)\n kmovq %%k4, 2080(%0)\n kmovq %%k5, 2088(%0)\n"
		     "kmovq %%k6, 2096(%0)\n kmovq %%k7, 2104(%0)\n"
		     :
		     : "r"(arg)
		     : "cc", "memory");
	return NULL;
}

static void *counted(void *arg)
{
	void *(*spin)(void *) = ((void **)arg)[0];

	__atomic_add_fetch(&spinning, 1, __ATOMIC_SEQ_CST);
	return spin(((void **)arg)[1]);
}

static pthread_t start(void **task)
{
	pthread_t thread;

	OK0(pthread_create(&thread, NULL, counted, task));
	return thread;
}

int main(int argc, char **argv)
{
	void *tasks[][2] = { { spin_general, &general }, { spin_x87, &x87 }, { spin_sse, &sse },
			     { spin_avx, &avx }, { spin_avx512, &avx512 }, { spin_opmask, &opmask } };
	pthread_t threads[COUNT(tasks)];
	unsigned count = 3 + !!__builtin_cpu_supports("avx") + 2 * !!__builtin_cpu_supports("avx512bw");

	frame_start(argc, argv);
	for (unsigned i = 0; i < COUNT(tasks); i++)
		frame_fill(((struct block *)tasks[i][1])->in, sizeof(general.in), i + 1);
	for (unsigned i = 0; i < 7; i++) {
		double value = 1.0 / (i + 3);
		memcpy(&x87.in[i], &value, 8);
	}
	x87.in[30] = 0x0f7f;	/* FPU control word: round to zero, extended precision, all masked */
	sse.in[128] = 0xff80;	/* MXCSR: flush to zero, round to zero, all masked */
	for (unsigned i = 0; i < count; i++)
		threads[i] = start(tasks[i]);
	while (spinning < count)
		sched_yield();
	/* a spinning thread has no other way to say that its registers are loaded */
	struct timespec moment = { 0, 200000000 };
	while (nanosleep(&moment, &moment))
		;

	frame_wait();
	stop = 1;
	for (unsigned i = 0; i < count; i++)
		OK0(pthread_join(threads[i], NULL));
	SABOTAGE("r15 differs")
		general.out[12]++;
	SABOTAGE("the direction flag is lost")
		general.out[4] = 0;
	SABOTAGE("a register of the x87 stack differs")
		x87.out[6]++;
	SABOTAGE("the x87 control word is the default")
		x87.out[30] = 0x37f;
	SABOTAGE("MXCSR is the default")
		sse.out[128] = 0x1f80;
	SABOTAGE("xmm15 differs")
		sse.out[31]++;
	SABOTAGE("the upper half of ymm15 is lost")
		avx.out[63] = 0, sse.out[30] = 0;
	SABOTAGE("zmm31 is lost")
		avx512.out[167] = 0, sse.out[30] = 0;
	SABOTAGE("k7 is lost")
		opmask.out[7] = 0, sse.out[30] = 0;

	general.in[3] = 0;
	general.in[4] = 0x400;
	CHECK_MEM("general registers, flags", general.out, general.in, 13 * 8);
	CHECK_MEM("x87 stack", x87.out, x87.in, 7 * 8);
	CHECK_EQ("x87 control word", x87.out[30] & 0xffff, x87.in[30]);
	CHECK_MEM("SSE registers", sse.out, sse.in, 16 * 16);
	CHECK_EQ("MXCSR", sse.out[128] & 0xffff, sse.in[128]);
	if (count > 3)
		CHECK_MEM("AVX registers", avx.out, avx.in, 16 * 32);
	if (count > 4) {
		CHECK_MEM("AVX-512 registers", avx512.out, avx512.in, 1024 + 5 * 64);
		CHECK_MEM("opmask registers", opmask.out, opmask.in, 8 * 8);
	}
	return frame_pass();
}
