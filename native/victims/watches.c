/*
 * inotify with watches of chosen numbers and gaps, on files and directories; timerfds that are cancelled
 * when the clock is set.
 */
#include "frame.h"

#include <sys/inotify.h>
#include <sys/timerfd.h>

static char buffer[4096] __attribute__((aligned(8)));

static void expect_event(const char *what, int fd, int wd, uint32_t mask, const char *name)
{
	ssize_t n = read(fd, buffer, sizeof(buffer));
	struct inotify_event *event = (void *)buffer;

	if (n < 0)
		FAIL("%s: %s", what, strerror(errno));
	CHECK_EQ(what, event->wd, wd);
	CHECK_EQ(what, event->mask, mask);
	CHECK_STR(what, event->len ? event->name : "", name);
	CHECK_EQ(what, n, sizeof(*event) + event->len);
}

static void touch(const char *path)
{
	close(OK(open(path, O_CREAT | O_WRONLY, 0600)));
}

int main(int argc, char **argv)
{
	frame_start(argc, argv);
	char *directory = frame_path("watched"), *file = frame_path("watched/file");
	char *other = frame_path("watched/other");
	OK(mkdir(directory, 0700));
	touch(file);
	int fd = OK(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
	for (int i = 0; i < 5; i++)
		OK(inotify_rm_watch(fd, OK(inotify_add_watch(fd, file, IN_OPEN))));
	int on_file = OK(inotify_add_watch(fd, file, IN_ATTRIB));
	OK(inotify_rm_watch(fd, OK(inotify_add_watch(fd, "/tmp", IN_OPEN))));
	int on_directory = OK(inotify_add_watch(fd, directory, IN_CREATE));
	CHECK_EQ("watch of the file", on_file, 6);
	CHECK_EQ("watch of the directory", on_directory, 8);
	while (read(fd, buffer, sizeof(buffer)) > 0)
		;
	int clock = OK(timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK));
	int64_t then = frame_now_ns(CLOCK_REALTIME) / 1000000000 + 1000;
	struct itimerspec when = { .it_value = { .tv_sec = then } }, left;
	OK(timerfd_settime(clock, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &when, NULL));
	frame_wait();
	SABOTAGE("a watch has another number") {
		OK(inotify_rm_watch(fd, on_file));
		OK(inotify_add_watch(fd, file, IN_ATTRIB));
		OK(read(fd, buffer, sizeof(buffer)));
	}
	SABOTAGE("a watch is gone") {
		OK(inotify_rm_watch(fd, on_directory));
		OK(read(fd, buffer, sizeof(buffer)));
	}
	SABOTAGE("an event too many")
		OK(chmod(file, 0640));
	SABOTAGE("the timer does not mind the clock")
		OK(timerfd_settime(clock, TFD_TIMER_ABSTIME, &when, NULL));

	CHECK_ERRNO(read(fd, buffer, sizeof(buffer)), EAGAIN);
	OK(chmod(file, 0600));
	expect_event("file", fd, on_file, IN_ATTRIB, "");
	touch(other);
	expect_event("directory", fd, on_directory, IN_CREATE, "other");
	OK(inotify_rm_watch(fd, on_file));
	expect_event("end of the watch", fd, on_file, IN_IGNORED, "");
	CHECK_EQ("close-on-exec", OK(fcntl(fd, F_GETFD)), FD_CLOEXEC);

	char info[64];
	snprintf(info, sizeof(info), "/proc/self/fdinfo/%d", clock);
	CHECK_STR("flags of the timer", frame_proc_value(info, "settime flags"), "03");
	OK(timerfd_gettime(clock, &left));
	int64_t now = frame_now_ns(CLOCK_REALTIME) / 1000000000;
	CHECK("the timer's moment", now + left.it_value.tv_sec - then <= 1 &&
					    then - now - left.it_value.tv_sec <= 1);
	return frame_pass();
}
