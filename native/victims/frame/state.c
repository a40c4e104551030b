/* What victims ask about memory, /proc and threads. See frame.h. */
#include "frame.h"

#include <ctype.h>
#include <sched.h>

/* splitmix64: every word of a pattern differs from its neighbours and from other seeds. */
uint64_t frame_word(uint64_t seed, uint64_t index)
{
	uint64_t x = (seed << 40) + index + 0x9e3779b97f4a7c15ULL * (index + 1);

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
	return x ^ (x >> 31);
}

void frame_fill(void *start, size_t size, uint64_t seed)
{
	uint64_t *word = start;

	for (size_t i = 0; i < size / 8; i++)
		word[i] = frame_word(seed, i);
}

void frame_check_pattern(const char *what, const void *start, size_t size, uint64_t seed)
{
	const uint64_t *word = start;

	for (size_t i = 0; i < size / 8; i++) {
		if (word[i] != frame_word(seed, i))
			FAIL("%s: at %p, offset %#zx: expected %#llx, is %#llx", what,
			     (const void *)&word[i], i * 8,
			     (unsigned long long)frame_word(seed, i), (unsigned long long)word[i]);
	}
}

void frame_check_zero(const char *what, const void *start, size_t size)
{
	const unsigned char *byte = start;

	for (size_t i = 0; i < size; i++) {
		if (byte[i])
			FAIL("%s: at %p, offset %#zx: expected 0, is %#x", what,
			     (const void *)&byte[i], i, byte[i]);
	}
}

void frame_check_mem(const char *file, int line, const char *what, const void *actual,
		     const void *expected, size_t size)
{
	const unsigned char *a = actual, *e = expected;

	for (size_t i = 0; i < size; i++) {
		if (a[i] != e[i])
			frame_fail(file, line, "%s: offset %zu of %zu: expected %#x, is %#x", what,
				   i, size, e[i], a[i]);
	}
}

void *frame_map(size_t size, int prot, int extra_flags)
{
	void *p = mmap(NULL, size, prot, MAP_PRIVATE | MAP_ANONYMOUS | extra_flags, -1, 0);

	if (p == MAP_FAILED)
		FAIL("mmap of %zu bytes: %s", size, strerror(errno));
	return p;
}

char *frame_read_file(const char *path, size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t used = 0, room = 65536;
	char *text = malloc(room + 1);
	ssize_t n;

	if (fd < 0 || !text)
		FAIL("%s: %s", path, strerror(errno));
	while ((n = read(fd, text + used, room - used)) > 0) {
		used += n;
		if (used == room)
			text = realloc(text, (room *= 2) + 1);
	}
	close(fd);
	text[used] = 0;
	if (size)
		*size = used;
	return text;
}

char *frame_proc_value(const char *path, const char *key)
{
	char *text = frame_read_file(path, NULL);
	size_t length = strlen(key);

	for (char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, length) || line[length] != ':')
			continue;
		char *value = line + length + 1;
		value[strcspn(value, "\n")] = 0;
		while (isspace((unsigned char)*value))
			value++;
		for (size_t n = strlen(value); n && isspace((unsigned char)value[n - 1]); n--)
			value[n - 1] = 0;
		value = strdup(value);
		free(text);
		return value;
	}
	FAIL("%s has no %s", path, key);
}

bool frame_vma_at(const void *address, struct frame_vma *vma)
{
	FILE *smaps = fopen("/proc/self/smaps", "re");
	char line[1024];
	bool found = false;

	if (!smaps)
		FAIL("smaps: %s", strerror(errno));
	while (fgets(line, sizeof(line), smaps)) {
		struct frame_vma v = { 0 };
		if (sscanf(line, "%lx-%lx %4s %lx %*s %*s %255[^\n]", &v.start, &v.end, v.perms,
			   &v.offset, v.path) >= 4) {
			if (found)
				break;
			if (v.start <= (uintptr_t)address && (uintptr_t)address < v.end) {
				*vma = v;
				found = true;
			}
		} else if (found && !strncmp(line, "VmFlags:", 8)) {
			line[strcspn(line, "\n")] = 0;
			snprintf(vma->vm_flags, sizeof(vma->vm_flags), "%.250s ", line + 8);
		} else if (found) {
			sscanf(line, "Locked: %lu", &vma->locked_kb);
			sscanf(line, "KernelPageSize: %lu", &vma->kernel_page_kb);
		}
	}
	fclose(smaps);
	return found;
}

void frame_check_perms(const char *what, const void *start, size_t size, const char *perms)
{
	const char *end = (const char *)start + size;
	struct frame_vma vma;

	for (const char *p = start; p < end; p = (const char *)vma.end) {
		if (!frame_vma_at(p, &vma))
			FAIL("%s: %p is not mapped", what, (const void *)p);
		if (strcmp(vma.perms, perms))
			FAIL("%s: %p: expected %s, is %s", what, (const void *)p, perms, vma.perms);
	}
}

void frame_check_unmapped(const char *what, const void *start, size_t size)
{
	struct frame_vma vma;

	for (size_t i = 0; i < size; i += PAGE) {
		if (frame_vma_at((const char *)start + i, &vma))
			FAIL("%s: %p is mapped %s %s", what, (const void *)((const char *)start + i),
			     vma.perms, vma.path);
	}
}

/* A file of a thread, or an empty string if the thread is gone. */
static void read_task_file(pid_t tid, const char *name, char *text, size_t size)
{
	char path[64];
	ssize_t n = -1;

	snprintf(path, sizeof(path), "/proc/self/task/%d/%s", tid, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, text, size - 1);
		close(fd);
	}
	text[n < 0 ? 0 : n] = 0;
}

bool frame_is_blocked(pid_t tid, long syscall_number)
{
	char text[1024];
	long number = -1;
	char state = '?';

	read_task_file(tid, "stat", text, sizeof(text));
	char *name_end = strrchr(text, ')');
	if (!name_end || sscanf(name_end + 1, " %c", &state) != 1)
		return false;
	read_task_file(tid, "syscall", text, sizeof(text));
	if (sscanf(text, "%ld", &number) != 1)
		return false;
	return state == 'S' && (number == syscall_number || number == SYS_restart_syscall);
}

void frame_until_blocked(pid_t tid, long syscall_number)
{
	while (!frame_is_blocked(tid, syscall_number))
		sched_yield();
}

int64_t frame_now_ns(clockid_t clock)
{
	struct timespec now;

	OK(clock_gettime(clock, &now));
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}
