/* The life of a victim: start, ready, wait, verdict. See frame.h. */
#include "frame.h"

#include <dirent.h>
#include <ftw.h>
#include <limits.h>
#include <stdarg.h>

/* All names of SABOTAGE, each ended by one or more NULs. */
extern const char __start_sabotages[] __attribute__((weak));
extern const char __stop_sabotages[] __attribute__((weak));

static enum { DUMPED, SELF } mode;
static const char *sabotage;
static char directory[PATH_MAX];
static pid_t root_pid;
static pid_t children[64];
static unsigned child_count;
static int ready_fd = -1;

static void list_sabotages(void)
{
	for (const char *p = __start_sabotages; p < __stop_sabotages; p += strlen(p) + 1) {
		if (*p)
			puts(p);
	}
}

static void use_own_directory(void)
{
	strcpy(directory, "/tmp/thaw-victim-XXXXXX");
	if (!mkdtemp(directory)) {
		perror("mkdtemp");
		exit(2);
	}
}

static void use_log(const char *log)
{
	const char *slash = strrchr(log, '/');
	size_t length = slash ? (size_t)(slash - log) : 1;

	snprintf(directory, sizeof(directory), "%.*s", (int)length, slash ? log : ".");
	int out = open(log, O_WRONLY | O_APPEND | O_CREAT, 0644);
	int in = open("/dev/null", O_RDONLY);
	if (out < 0 || in < 0) {
		perror(log);
		exit(2);
	}
	dup2(in, 0);
	dup2(out, 1);
	dup2(out, 2);
}

void frame_start(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "--sabotages")) {
		list_sabotages();
		exit(0);
	}
	if (argc == 2 && !strcmp(argv[1], "--self")) {
		mode = SELF;
		use_own_directory();
	} else if (argc == 3 && !strcmp(argv[1], "--sabotage")) {
		mode = SELF;
		sabotage = argv[2];
		use_own_directory();
	} else if (argc == 2) {
		mode = DUMPED;
		use_log(argv[1]);
	} else {
		fprintf(stderr, "usage: %s LOG | --self | --sabotages | --sabotage WHAT\n", argv[0]);
		exit(2);
	}
	close_range(3, ~0U, 0);
	setsid();
	umask(022);
	root_pid = getpid();

	sigset_t wake;
	sigemptyset(&wake);
	sigaddset(&wake, SIGUSR2);
	OK(sigprocmask(SIG_SETMASK, &wake, NULL));
}

static void wait_for_wake_up(void)
{
	sigset_t wake;

	sigemptyset(&wake);
	sigaddset(&wake, SIGUSR2);
	while (sigwaitinfo(&wake, NULL) != SIGUSR2) {
		if (errno != EINTR)
			FAIL("sigwaitinfo: %s", strerror(errno));
	}
}

void frame_wait(void)
{
	if (getpid() != root_pid) {
		if (write(ready_fd, "r", 1) != 1)
			FAIL("cannot say ready to the parent: %s", strerror(errno));
		close(ready_fd);
		ready_fd = -1;
		wait_for_wake_up();
		return;
	}
	if (mode == SELF)
		return;
	if (write(1, "ready\n", 6) != 6)
		_exit(2);
	wait_for_wake_up();
}

static int remove_entry(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st, (void)flag, (void)ftw;
	return remove(path);
}

static void clean_up(void)
{
	if (mode == SELF && getpid() == root_pid)
		nftw(directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

int frame_pass(void)
{
	if (getpid() == root_pid) {
		fflush(stdout);
		if (write(1, "PASS\n", 5) != 5)
			_exit(2);
	}
	clean_up();
	_exit(0);
}

void frame_fail(const char *file, int line, const char *format, ...)
{
	char text[1024];
	const char *base = strrchr(file, '/');
	int n = snprintf(text, sizeof(text), "FAIL: %s:%d: ", base ? base + 1 : file, line);
	va_list ap;

	va_start(ap, format);
	n += vsnprintf(text + n, sizeof(text) - n - 1, format, ap);
	va_end(ap);
	if (n > (int)sizeof(text) - 2)
		n = sizeof(text) - 2;
	text[n++] = '\n';
	if (write(1, text, n) != n)
		_exit(2);
	for (unsigned i = 0; i < child_count; i++) {
		kill(children[i], SIGKILL);
	}
	clean_up();
	_exit(1);
}

pid_t frame_fork(void)
{
	int ready[2];
	char byte;

	OK(pipe2(ready, O_CLOEXEC));
	pid_t pid = OK(fork());
	if (pid == 0) {
		if (ready_fd >= 0)
			close(ready_fd);
		close(ready[0]);
		ready_fd = ready[1];
		child_count = 0;
		/* by hand nobody ends what a failed victim leaves; when dumped the harness does */
		if (mode == SELF)
			prctl(PR_SET_PDEATHSIG, SIGKILL);
		return 0;
	}
	close(ready[1]);
	CHECK("children", child_count < COUNT(children));
	children[child_count++] = pid;
	if (read(ready[0], &byte, 1) != 1)
		FAIL("child %d ended before it was ready", pid);
	close(ready[0]);
	return pid;
}

void frame_reap(pid_t pid, int expected_status)
{
	int status;
	pid_t got;

	do {
		got = waitpid(pid, &status, 0);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		FAIL("waitpid(%d): %s", pid, strerror(errno));
	for (unsigned i = 0; i < child_count; i++) {
		if (children[i] == pid)
			children[i] = children[--child_count];
	}
	if (status != expected_status)
		FAIL("child %d: expected wait status %#x, is %#x", pid, expected_status, status);
}

void frame_join(pid_t pid)
{
	OK(kill(pid, SIGUSR2));
	frame_reap(pid, 0);
}

char *frame_path(const char *name)
{
	char *path;

	if (asprintf(&path, "%s/%s", directory, name) < 0)
		abort();
	return path;
}

bool frame_sabotaged(const char *name)
{
	return sabotage && !strcmp(sabotage, name);
}

bool frame_is_dumped(void)
{
	return mode == DUMPED;
}
