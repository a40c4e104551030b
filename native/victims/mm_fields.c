/*
 * What the kernel knows of a memory map beside its VMAs: where code, data, brk, stack, arguments and
 * environment lie (/proc/self/stat), the auxiliary vector, the executable; arguments overwritten in place.
 */
#include "frame.h"

#include <sys/auxv.h>

extern char **environ;

/* Field n of stat, as proc(5) counts; 1 is the pid. */
static char *stat_field(int n)
{
	char *text = frame_read_file("/proc/self/stat", NULL), *p = strrchr(text, ')') + 2;

	for (int i = 3; i < n; i++)
		p = strchr(p, ' ') + 1;
	p[strcspn(p, " \n")] = 0;
	return p;
}

static const int fields[] = { 26, 27, 28, 45, 46, 47, 48, 49, 50, 51 };

/* Shifts one of the fields, all of which only PR_SET_MM_MAP may set without CAP_SYS_RESOURCE. */
static void shift(char **values, size_t which)
{
	unsigned long v[COUNT(fields)];

	for (size_t i = 0; i < COUNT(fields); i++)
		v[i] = strtoul(values[i], NULL, 10) + (i == which ? 8 : 0);
	struct prctl_mm_map map = { .start_code = v[0], .end_code = v[1], .start_stack = v[2],
				    .start_data = v[3], .end_data = v[4], .start_brk = v[5],
				    .brk = (uintptr_t)sbrk(0), .arg_start = v[6], .arg_end = v[7],
				    .env_start = v[8], .env_end = v[9], .exe_fd = -1 };
	OK(prctl(PR_SET_MM, PR_SET_MM_MAP, &map, sizeof(map), 0));
}

int main(int argc, char **argv)
{
	char *before[COUNT(fields)], exe[512], exe_now[512];
	size_t auxv_size, size, arguments_size;

	frame_start(argc, argv);
	/* as setproctitle does */
	memset(argv[1], 'T', strlen(argv[1]));
	for (size_t i = 0; i < COUNT(fields); i++)
		before[i] = stat_field(fields[i]);
	char *auxv = frame_read_file("/proc/self/auxv", &auxv_size);
	char *arguments = frame_read_file("/proc/self/cmdline", &arguments_size);
	char *environment = frame_read_file("/proc/self/environ", NULL);
	exe[OK(readlink("/proc/self/exe", exe, sizeof(exe) - 1))] = 0;
	char *name = frame_proc_value("/proc/self/status", "Name");

	frame_wait();
	SABOTAGE("the arguments are others")
		argv[1][0] = 'X';
	SABOTAGE("the environment lies elsewhere")
		shift(before, 8);
	SABOTAGE("the heap begins elsewhere")
		shift(before, 5);

	for (size_t i = 0; i < COUNT(fields); i++) {
		char what[32];
		snprintf(what, sizeof(what), "field %d of stat", fields[i]);
		CHECK_STR(what, stat_field(fields[i]), before[i]);
	}
	char *now = frame_read_file("/proc/self/auxv", &size);
	CHECK_EQ("size of auxv", size, auxv_size);
	CHECK_MEM("auxv", now, auxv, size);
	now = frame_read_file("/proc/self/cmdline", &size);
	CHECK_EQ("size of cmdline", size, arguments_size);
	CHECK_MEM("cmdline", now, arguments, size);
	CHECK_STR("environ", frame_read_file("/proc/self/environ", NULL), environment);
	exe_now[OK(readlink("/proc/self/exe", exe_now, sizeof(exe_now) - 1))] = 0;
	CHECK_STR("exe", exe_now, exe);
	CHECK_STR("name", frame_proc_value("/proc/self/status", "Name"), name);

	/* the vDSO is where auxv says, and works */
	struct frame_vma vma;
	CHECK("vDSO", frame_vma_at((void *)getauxval(AT_SYSINFO_EHDR), &vma));
	CHECK_STR("vDSO", vma.path, "[vdso]");
	CHECK_STR("permissions of the vDSO", vma.perms, "r-xp");
	CHECK_MEM("vDSO", (void *)getauxval(AT_SYSINFO_EHDR), "\177ELF", 4);
	struct timespec by_vdso, by_call;
	OK(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &by_call));
	OK(clock_gettime(CLOCK_MONOTONIC, &by_vdso));
	CHECK("clock", by_vdso.tv_sec - by_call.tv_sec <= 1 && by_vdso.tv_sec >= by_call.tv_sec);
	return frame_pass();
}
