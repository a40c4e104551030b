/* thaw-init: parent of the restored tree, keeper of its userfaultfds, memfds and tables. */
#ifndef THAW_INIT_H
#define THAW_INIT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "thaw_init_proto.h"
#include "thaw_tables.h"
#include "thaw_touches.h"

#define must_check __attribute__((warn_unused_result))

/* In memory that thaw-keeper shares. */
struct init_filler {
	size_t bytes;
	char argv[THAW_INIT_MAX_BYTES]; /* of a new filler, \0 after each word */
	pid_t jvm_pid;			/* of the last one that was started here; 0: none */
	pid_t root_pid;			/* once the tree runs */
	int control_fd;			/* to who drives and fills; -1 while there is none */
	bool external_jvm;		/* it is not a child: who started thaw-init */
};

struct init_state {
	struct thaw_session *session;
	int session_fd;
	struct thaw_touches *touches;
	int mark_signal; /* ends a recording; 0: none does */
	int control_fd; /* to the JVM; -1 while there is none: see set_control() */
	int status_fd;	/* to the launcher */
	int signal_fd;
	int self_fd; /* our pidfd, for who drives us from another pid namespace */
	pid_t jvm_pid; /* 0: none of ours */
	pid_t pager_pid;
	pid_t keeper_pid;
	pid_t root_pid;	   /* once the tree runs */
	bool external_jvm; /* --control-fd: who started us drives */
	bool serving;
	bool running;
	bool detach; /* let go of the caller once the tree runs */
	bool root_reported;
	int root_status;
	unsigned int jvm_restarts;
	unsigned int pager_crashes; /* deaths other than by SIGKILL */
	int pager_error; /* why there is no new one yet, or 0 */
	struct init_filler *filler;
	struct {
		pid_t pid;
		int status;
	} reaped[64]; /* the last ones, for THAW_INIT_REAPED */
	unsigned int reaped_count;
};

extern struct init_state init;

/* control.c */
int control_message(void) must_check; /* 0, or -errno when the JVM is gone */

/* allocate.c */
/* What a THAW_INIT_ALLOCATE asks for; 0, or an errno. */
int allocate_ranges(const char *payload, size_t bytes) must_check;

/* record.c */
int record_make_log(void) must_check;
/* Maps the log that thaw-init has made. */
int record_map_log(void) must_check;
void record_end(enum thaw_recording how);
/* The tree has ended. Whether a JVM is still to write what was recorded. */
bool record_awaits_writer(void);

/* tree.c */
/* From here on that is the connection to the JVM; the one before is closed. */
void set_control(int fd);
int tree_start_jvm(char *const argv[]) must_check;
int tree_start_filler(void) must_check;
/* Starts a filler unless all is filled; where there can be none, the tree is killed. */
void tree_need_filler(void);
int tree_start_pager(void) must_check;
/* Starts one where there is none and should be; called again after PAGER_RETRY_MILLIS if it failed. */
void tree_need_pager(void);
#define PAGER_RETRY_MILLIS 10
void tree_reap(void);
/* Says how the root ended, once, if it has: also before the JVM has said which one it is. */
void tree_report_root(void);
bool tree_has_children(void);
/* Kills every process below us but our own, until none is left. */
void tree_kill(void);
_Noreturn void tree_exit(int code);

/* spawn.c */
/* What a spawned task begins with. */
struct spawn_image {
	char *area; /* where it is mapped */
	size_t area_bytes;
	const void *start; /* what is at its beginning */
	size_t start_bytes;
	int fd; /* the number of its end of the socket pair */
};
/* A task with that pid (0: any), in our context. *socket: the other end, which the caller owns. */
int tree_spawn(const struct spawn_image *image, pid_t wanted, pid_t *pid, int *socket) must_check;

/* keeper.c */
int keeper_start(void) must_check;

void status_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
