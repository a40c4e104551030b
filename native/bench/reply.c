/*
 * reply PORT LINE COMMAND...: runs the command, and meanwhile asks 127.0.0.1:PORT again and again, until it
 * answers LINE. Prints when the command had ended and when the first byte of the answer was there:
 *
 *     returned NANOSECONDS replied NANOSECONDS
 *
 * both since just before the command was started. Exits as the command does.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Between two questions: one takes about a tenth of it. */
#define PAUSE_NS 100000
#define LIMIT_NS 60000000000ull

extern char **environ;

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

_Noreturn static void die(const char *what)
{
	fprintf(stderr, "reply: %s: %s\n", what, strerror(errno));
	exit(125);
}

struct command {
	pid_t pid;
	int status;
	uint64_t ended;
};

static void *await(void *arg)
{
	struct command *command = arg;

	if (waitpid(command->pid, &command->status, 0) < 0)
		die("waitpid");
	command->ended = now();
	return NULL;
}

/* True when there was an answer. */
static int asked(const struct sockaddr_in *address, const char *line)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), answered = 0;
	char byte;

	if (fd < 0)
		die("socket");
	if (!connect(fd, (const struct sockaddr *)address, sizeof(*address)))
		answered = dprintf(fd, "%s\r\n", line) > 0 && recv(fd, &byte, 1, 0) == 1;
	close(fd);
	return answered;
}

int main(int argc, char **argv)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct command command = { 0 };
	pthread_t waiter;
	uint64_t begun, replied;

	if (argc < 4) {
		fprintf(stderr, "usage: reply PORT LINE COMMAND...\n");
		return 2;
	}
	address.sin_port = htons(atoi(argv[1]));
	prctl(PR_SET_TIMERSLACK, 1);
	begun = now();
	errno = posix_spawnp(&command.pid, argv[3], NULL, NULL, argv + 3, environ);
	if (errno)
		die(argv[3]);
	errno = pthread_create(&waiter, NULL, await, &command);
	if (errno)
		die("pthread_create");
	while (!asked(&address, argv[2])) {
		if (now() - begun > LIMIT_NS) {
			fprintf(stderr, "reply: no answer from port %s\n", argv[1]);
			return 125;
		}
		nanosleep(&(struct timespec){ 0, PAUSE_NS }, NULL);
	}
	replied = now();
	pthread_join(waiter, NULL);
	printf("returned %llu replied %llu\n", (unsigned long long)(command.ended - begun),
	       (unsigned long long)(replied - begun));
	return WIFEXITED(command.status) ? WEXITSTATUS(command.status) : 125;
}
