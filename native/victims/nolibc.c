/*
 * VICTIM_NO_LIBC: the victim of the golden checkpoint. Static, without libc or frame, baseline x86-64:
 * patterns in .data, .bss, a mapping with holes, a read-only mapping and the stack. Some of the pages are
 * equal, some can be compressed and some cannot, for the store keeps each in its own way. It has no vDSO: it
 * unmaps the kernel's pages before it says ready, for those of another kernel are others, and a restore
 * rightly refuses to put them in their place. It takes the same arguments as the others (--self, --sabotages, --sabotage WHAT, LOG); without LOG it waits, too, and
 * tells its verdict by its exit status alone: 0, 1, or 100 + the number of the part that differs.
 */
typedef unsigned long word;

#define WORDS(bytes) ((bytes) / sizeof(word))
#define PART 16384
#define PARTS 32

enum { READ_ = 0, WRITE_ = 1, OPEN = 2, CLOSE = 3, MMAP = 9, MPROTECT = 10, MUNMAP = 11, RT_SIGPROCMASK = 14,
       DUP2 = 33, GETPID = 39, SETSID = 112, EXIT_GROUP = 231, RT_SIGTIMEDWAIT = 128, CLOSE_RANGE = 436 };

static word data[WORDS(PART)] = { 1, 2, 3, 4, 5, 6, 7 };
static word bss[WORDS(2 * PART)];

static long call(long nr, long a, long b, long c, long d, long e, long f)
{
	register long r10 asm("r10") = d;
	register long r8 asm("r8") = e;
	register long r9 asm("r9") = f;
	long result;

	asm volatile("syscall"
		     : "=a"(result)
		     : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
		     : "rcx", "r11", "memory");
	return result;
}

static int same(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

static void say(const char *text)
{
	long n = 0;

	while (text[n])
		n++;
	call(WRITE_, 1, (long)text, n, 0, 0, 0);
}

static __attribute__((noreturn)) void leave(int status)
{
	for (;;)
		call(EXIT_GROUP, status, 0, 0, 0, 0, 0);
}

/* The first parts can be compressed. */
static word pattern(word part, word i)
{
	word x = (part << 32) + i * 0x9e3779b97f4a7c15UL;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9UL;
	x ^= x >> 27;
	return part < 6 ? x & 0xff : x;
}

static void fill(word *p, word part, word bytes)
{
	for (word i = 0; i < WORDS(bytes); i++)
		p[i] = pattern(part, i);
}

/* Of the mapping with holes: each second part is a hole, and there are four kinds of the others. */
static word sparse_part(word i)
{
	return i % 2 ? 0 : 3 + i % 8;
}

/* Part 0 is zeros. */
static void check(const word *p, word expected_part, word bytes, word number)
{
	for (word i = 0; i < WORDS(bytes); i++) {
		if (p[i] != (expected_part ? pattern(expected_part, i) : 0)) {
			char text[] = "FAIL: part 0 differs\n";
			text[11] += number;
			say(text);
			leave(100 + number);
		}
	}
}

static word *map(word bytes)
{
	long p = call(MMAP, 0, bytes, 3, 0x22, -1, 0);

	if (p < 0 && p > -4096)
		leave(2);
	return (word *)p;
}

static int begins(const char *text, const char *with)
{
	while (*with && *text == *with)
		text++, with++;
	return !*with;
}

static word hex(const char **text)
{
	word value = 0;

	for (;; (*text)++) {
		if (**text >= '0' && **text <= '9')
			value = value * 16 + (word)(**text - '0');
		else if (**text >= 'a' && **text <= 'f')
			value = value * 16 + (word)(**text - 'a') + 10;
		else
			return value;
	}
}

/* Finds [vdso], [vvar] or [vvar_vclock] in /proc/self/maps. */
static int kernel_pages(word *start, word *end)
{
	static char maps[16384];
	long fd = call(OPEN, (long)"/proc/self/maps", 0, 0, 0, 0, 0), length = 0, n;

	if (fd < 0)
		leave(2);
	while ((n = call(READ_, fd, (long)maps + length, sizeof(maps) - 1 - length, 0, 0, 0)) > 0)
		length += n;
	call(CLOSE, fd, 0, 0, 0, 0, 0);
	maps[length] = 0;
	for (const char *line = maps; *line; line++) {
		*start = hex(&line);
		line++;
		*end = hex(&line);
		while (*line && *line != '\n' && *line != '[')
			line++;
		if (begins(line, "[vdso]") || begins(line, "[vvar"))
			return 1;
		while (*line && *line != '\n')
			line++;
		if (!*line)
			break;
	}
	return 0;
}

static void unmap_kernel_pages(void)
{
	word start, end;

	while (kernel_pages(&start, &end))
		if (call(MUNMAP, start, end - start, 0, 0, 0, 0))
			leave(2);
}

static void wait_for_wake_up(void)
{
	word usr2 = 1UL << (12 - 1);

	while (call(RT_SIGTIMEDWAIT, (long)&usr2, 0, 0, sizeof(usr2), 0, 0) != 12)
		;
}

static __attribute__((used, noreturn)) void start(long *stack)
{
	long argc = stack[0];
	char **argv = (char **)(stack + 1);
	int self = argc >= 2 && same(argv[1], "--self");
	int sabotage = argc >= 2 && same(argv[1], "--sabotage");
	word usr2 = 1UL << (12 - 1);
	word local[WORDS(16384)];

	if (argc >= 2 && same(argv[1], "--sabotages")) {
		say("a byte of .data differs\na hole is not zero\n");
		leave(0);
	}
	if (argc == 2 && !self) {
		long log = call(OPEN, (long)argv[1], 02101, 0644, 0, 0, 0);
		if (log < 0)
			leave(2);
		long null = call(OPEN, (long)"/dev/null", 0, 0, 0, 0, 0);
		call(DUP2, null, 0, 0, 0, 0, 0);
		call(DUP2, log, 1, 0, 0, 0, 0);
		call(DUP2, log, 2, 0, 0, 0, 0);
	}
	call(CLOSE_RANGE, 3, ~0U, 0, 0, 0, 0);
	unmap_kernel_pages();
	call(SETSID, 0, 0, 0, 0, 0, 0);
	call(RT_SIGPROCMASK, 2, (long)&usr2, 0, sizeof(usr2), 0, 0);

	word *sparse = map(PARTS * PART), *constant = map(PART);
	fill(data, 1, PART);
	fill(bss, 2, 2 * PART);
	for (word i = 0; i < PARTS; i += 2)
		fill(sparse + i * WORDS(PART), sparse_part(i), PART);
	fill(constant, 70, PART);
	call(MPROTECT, (long)constant, PART, 1, 0, 0, 0);
	fill(local, 71, sizeof(local));
	long pid = call(GETPID, 0, 0, 0, 0, 0, 0);

	if (!self && !sabotage) {
		say("ready\n");
		wait_for_wake_up();
	}
	if (sabotage && argc == 3 && same(argv[2], "a byte of .data differs"))
		((char *)data)[PART - 1] ^= 1;
	if (sabotage && argc == 3 && same(argv[2], "a hole is not zero"))
		sparse[WORDS(PART)] = 1;

	check(data, 1, PART, 1);
	check(bss, 2, 2 * PART, 2);
	for (word i = 0; i < PARTS; i++)
		check(sparse + i * WORDS(PART), sparse_part(i), PART, 3);
	check(constant, 70, PART, 4);
	check(local, 71, sizeof(local), 5);
	if (call(GETPID, 0, 0, 0, 0, 0, 0) != pid) {
		say("FAIL: another pid\n");
		leave(1);
	}
	word start, end;
	if (kernel_pages(&start, &end)) {
		say("FAIL: a vDSO has appeared\n");
		leave(1);
	}
	say("PASS\n");
	leave(0);
}

asm(".globl _start\n"
    "_start:\n"
    "	xor %ebp, %ebp\n"
    "	mov %rsp, %rdi\n"
    "	and $-16, %rsp\n"
    "	call start\n");
