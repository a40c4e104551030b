/* Finds the files that belong to this launcher, and a JVM to run them. */
#include "launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OLDEST_JAVA = 17 };

/* Cuts the last component off. */
static void parent_of(char *path)
{
	char *slash = strrchr(path, '/');

	if (slash)
		*slash = '\0';
}

/* True where `base``tail` is a path that fits and that access(2) allows; it is left in `out`. */
static bool accessible(char *out, const char *base, const char *tail, int mode)
{
	return snprintf(out, PATH_MAX, "%s%s", base, tail) < PATH_MAX && !access(out, mode);
}

/* In the build tree all lies beside the launcher; installed, in ../lib/thaw. */
int find_home(struct place *place)
{
	char self[PATH_MAX], probe[PATH_MAX], installed[PATH_MAX + 16];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (length < 0) {
		complain("readlink /proc/self/exe: %s; mount /proc", strerror(errno));
		return EXIT_NOT_ALLOWED;
	}
	self[length] = '\0';
	parent_of(self);
	if (accessible(probe, self, "/thaw.jar", R_OK)) {
		strcpy(place->home, self);
		return 0;
	}
	snprintf(installed, sizeof(installed), "%s/../lib/thaw", self);
	if (realpath(installed, place->home) && accessible(probe, place->home, "/thaw.jar", R_OK))
		return 0;
	complain("no thaw.jar in %s nor in %s: build with make, or install again", self, installed);
	return EXIT_FAILED;
}

/* The feature release from the JDK's `release` file (JAVA_VERSION="17.0.15"), 0 where unknown. */
static int version_of(const char *java)
{
	char path[PATH_MAX + 16], text[2048];
	char *found;
	ssize_t length;
	int fd;

	snprintf(path, sizeof(path), "%s", java);
	parent_of(path);
	parent_of(path);
	strcat(path, "/release");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	length = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (length <= 0)
		return 0;
	text[length] = '\0';
	found = strstr(text, "JAVA_VERSION=\"");
	if (!found)
		return 0;
	found += strlen("JAVA_VERSION=\"");
	if (!strncmp(found, "1.", 2)) /* 1.8.0: releases before 9 */
		found += 2;
	return atoi(found);
}

/* Takes `candidate` unless it is known to be too old; then it is kept in `too_old` for the message. */
static bool take(struct place *place, const char *candidate, char *too_old)
{
	if (!realpath(candidate, place->java) || access(place->java, X_OK))
		return false;
	place->java_version = version_of(place->java);
	if (!place->java_version || place->java_version >= OLDEST_JAVA)
		return true;
	strcpy(too_old, place->java);
	return false;
}

/* The first acceptable java in PATH. */
static bool search_path(struct place *place, char *too_old)
{
	const char *dir = getenv("PATH");
	char candidate[PATH_MAX];

	while (dir && *dir) {
		size_t length = strcspn(dir, ":");
		int written = snprintf(candidate, sizeof(candidate), "%.*s/java", (int)length, dir);

		if (length && written < PATH_MAX && take(place, candidate, too_old))
			return true;
		dir += length;
		dir += *dir == ':';
	}
	return false;
}

int find_java(struct place *place)
{
	const char *java_home = getenv("JAVA_HOME");
	char candidate[PATH_MAX], too_old[PATH_MAX] = "";

	if (java_home && *java_home && accessible(candidate, java_home, "/bin/java", X_OK) &&
	    take(place, candidate, too_old))
		return 0;
	if (search_path(place, too_old))
		return 0;
	if (*too_old)
		complain("%s is Java %d: install JDK %d or later, or set JAVA_HOME to one", too_old,
			 version_of(too_old), OLDEST_JAVA);
	else
		complain("no java in JAVA_HOME or PATH: install JDK %d or later", OLDEST_JAVA);
	return EXIT_NOT_ALLOWED;
}
