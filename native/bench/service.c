/*
 * service MIB FILE [PORT]: holds so much private memory, writes its pid to
 * FILE when it is there, and then answers: on 127.0.0.1:PORT each connection that sends something, by what a
 * page holds; and SIGUSR1 by writing to 256 pages, spread over all, after which it says so on standard output.
 * What is restored and cloned to see how fast, and what a clone costs.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define PAGE 4096
#define WORDS (PAGE / 8)
#define WRITTEN 256

static volatile sig_atomic_t asked_to_write;

static void on_signal(int sig)
{
	(void)sig;
	asked_to_write = 1;
}

static void check(int failed, const char *what)
{
	if (!failed)
		return;
	perror(what);
	exit(1);
}

/* Runs of 64 pages by turns: random, and of small numbers, which zstd makes a fraction. */
static void fill(uint64_t *page, uint64_t number)
{
	uint64_t state = number * 0x9e3779b97f4a7c15 + 1;

	for (size_t i = 0; i < WORDS; i++) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		page[i] = number / 64 % 2 ? state : state % 8;
	}
	page[0] = number;
}

static int listener(const char *port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				       .sin_port = htons(atoi(port)) };
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	check(fd < 0, "socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	check(bind(fd, (struct sockaddr *)&address, sizeof(address)), "bind");
	check(listen(fd, 16), "listen");
	return fd;
}

static void answer(int listening, const uint64_t *memory, size_t pages)
{
	static uint64_t next;
	int fd = accept(listening, NULL, NULL);
	char question[256];

	if (fd < 0)
		return;
	if (read(fd, question, sizeof(question)) > 0) {
		size_t page = next++ * 7919 % pages;

		dprintf(fd, "page %zu holds %llu\n", page, (unsigned long long)memory[page * WORDS]);
	}
	close(fd);
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct pollfd socket = { .fd = -1, .events = POLLIN };
	sigset_t blocked, open;
	size_t pages;
	uint64_t *memory;
	FILE *file;

	if (argc < 3) {
		fprintf(stderr, "usage: service MIB FILE [PORT]\n");
		return 2;
	}
	pages = strtoul(argv[1], NULL, 10) << 8;
	memory = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	check(memory == MAP_FAILED, "mmap");
	for (size_t i = 0; i < pages; i++)
		fill(memory + i * WORDS, i);
	if (argc > 3)
		socket.fd = listener(argv[3]);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR1);
	sigprocmask(SIG_BLOCK, &blocked, &open);
	sigaction(SIGUSR1, &action, NULL);
	file = fopen(argv[2], "w");
	check(!file || fprintf(file, "%d\n", getpid()) < 0 || fclose(file), argv[2]);
	for (;;) {
		if (ppoll(&socket, 1, NULL, &open) > 0)
			answer(socket.fd, memory, pages);
		if (!asked_to_write)
			continue;
		asked_to_write = 0;
		for (size_t i = 0; i < WRITTEN; i++)
			memory[i * (pages / WRITTEN) * WORDS]++;
		dprintf(STDOUT_FILENO, "written\n");
	}
}
