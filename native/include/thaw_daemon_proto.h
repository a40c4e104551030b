/*
 * What the launcher and thawd say to each other over a SOCK_SEQPACKET socket: this header, then a
 * payload where the type says so. dev.thaw.daemon.DaemonMessage mirrors it; DaemonProtocolTest compares.
 *
 *     launcher                                     thawd
 *     RUN arguments, directory, descriptors  ->    (runs the command)
 *     SIGNAL number                          ->    (cancels it)
 *                                            <-    EXIT code
 *
 * No environment goes with it: no command reads any. The end of the connection means that the other
 * side is gone; a command whose launcher has gone is cancelled, unless its tree runs already.
 */
#ifndef THAW_DAEMON_PROTO_H
#define THAW_DAEMON_PROTO_H

#include <stdint.h>

#define THAW_DAEMON_VERSION 1u
#define THAW_DAEMON_MAX_BYTES 131072
#define THAW_DAEMON_SOCKET "/run/thaw/thawd.sock"

enum thaw_daemon_type {
	/*
	 * value: the umask; flags; payload: the directory, then each argument, \0 after each;
	 * fds: standard input, output and error, then, with THAW_DAEMON_INIT, the control socket
	 * of a thaw-init that waits for its driver
	 */
	THAW_DAEMON_RUN = 1,
	/* value: the signal */
	THAW_DAEMON_SIGNAL = 2,
	/* value: the exit code */
	THAW_DAEMON_EXIT = 3,
	/* payload: why, one line; nothing was done. The launcher shows it. */
	THAW_DAEMON_REFUSED = 4,
};

#define THAW_DAEMON_TERMINAL 1u /* standard error is a terminal */
#define THAW_DAEMON_INIT 2u	/* a thaw-init comes with it */

struct thaw_daemon_msg {
	uint32_t version;
	uint32_t type;
	int32_t value;
	uint32_t flags;
	uint32_t payload_bytes;
	uint32_t zero;
};

_Static_assert(sizeof(struct thaw_daemon_msg) == 24, "no padding");

#endif
