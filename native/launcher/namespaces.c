/* What a clone finds in namespaces of its own. */
#include "launcher.h"

#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

/* A new network namespace has a lo that is down. */
static int raise_loopback(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), err = 0;

	if (fd < 0)
		return -errno;
	if (ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		err = -errno;
	close(fd);
	return err;
}

int furnish_namespaces(unsigned long namespaces, const char **what)
{
	if (namespaces & CLONE_NEWNS) {
		/* What is mounted outside later shows inside, and nothing the other way round. */
		*what = "mount / as a slave";
		if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
			return -errno;
	}
	if (namespaces & CLONE_NEWPID) {
		*what = "mount /proc";
		if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
			return -errno;
	}
	*what = "bring lo up";
	return namespaces & CLONE_NEWNET ? raise_loopback() : 0;
}
