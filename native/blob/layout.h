/*
 * The layout of the area in which the blob lives and works, shared by blob.c, entry.S and (through
 * the table at the start of blob.bin) by Java's dev.thaw.remote.BlobLayout.
 *
 *   area -> +------------------------+ 0
 *           | code (r-x)             |  blob.bin
 *           +------------------------+ BLOB_CODE_BYTES    <- block of the first thread
 *           | struct blob_header     |
 *           +------------------------+ + BLOB_STACK_LOW
 *           | stack, grows down      |
 *           +------------------------+ + BLOB_PROGRAM     (stack top)
 *           | ops, data of a program |
 *           +------------------------+ + block_bytes      <- blocks of further threads
 */
#ifndef THAW_BLOB_LAYOUT_H
#define THAW_BLOB_LAYOUT_H

#define BLOB_MAGIC 0x776e7462u
#define BLOB_CODE_BYTES 0x2000
#define BLOB_STACK_LOW 0x1000
#define BLOB_PROGRAM 0x4000

/* Offsets that entry.S needs; blob.c asserts that they are the struct's. */
#define HEADER_BLOCK_BYTES 0
#define HEADER_AREA 8
#define HEADER_AREA_BYTES 16
#define HEADER_ANCHOR_LEAVE 24
#define HEADER_TARGET_RSP 32
#define HEADER_OWN_FD 68

/* The anchor, see anchor.S. */
#define ANCHOR_LEAVE 8
#define ANCHOR_MASK 192
#define ANCHOR_REGS 200
#define ANCHOR_REGS_EINTR 344
#define ANCHOR_BYTES 488

#ifndef __ASSEMBLER__
#include <stdint.h>

/* How an argument of an operation is had. */
enum blob_arg {
	BLOB_ARG_CONST = 0,
	BLOB_ARG_DATA = 1,   /* address of the data area + value */
	BLOB_ARG_RESULT = 2, /* result of operation number value */
	BLOB_ARG_WORD32 = 3, /* the signed 32-bit word at data area + value */
	BLOB_ARG_WORD64 = 4,
};

/* What counts as success of an operation. */
enum blob_success {
	BLOB_NON_NEGATIVE = 0,
	BLOB_ANY = 1,
	BLOB_EXACTLY = 2,  /* expected */
	BLOB_OR_ERRNO = 3, /* non negative, or one of the four 16-bit errnos packed in expected */
};

struct blob_op {
	uint32_t nr;
	uint8_t success;
	uint8_t kind[6];
	uint8_t reserved[5];
	int64_t expected;
	uint64_t arg[6];
	int64_t result;
};

enum blob_state {
	BLOB_FRESH = 0,
	BLOB_OFFERED = 1, /* own_fd and driver_fd are valid: the driver may take its end */
	BLOB_GIVEN = 2,   /* own_fd is valid, and the driver has its end: none is to be made */
	BLOB_LEFT = 3,    /* own_fd is about to be closed; no command comes any more */
};

struct blob_header {
	uint64_t block_bytes; /* this header, the stack and the program space */
	uint64_t area;        /* what leaving unmaps */
	uint64_t area_bytes;
	uint64_t anchor_leave; /* where leaving goes; 0: exit_group */
	uint64_t target_rsp;
	uint64_t target_mask;
	int64_t interrupted; /* -512..-516 where a system call was interrupted, else 0 */
	int32_t close_first; /* a descriptor inherited from the parent's blob, or -1 */
	int32_t min_fd;      /* own_fd is at least this */
	int32_t state;       /* enum blob_state, or -errno of a bootstrap that failed */
	int32_t own_fd;
	int32_t driver_fd;
	uint32_t op_count;
	int32_t failed; /* index of the operation that did not succeed, or -1 */
	uint32_t reserved;
	uint64_t ops_offset; /* from this header */
	uint64_t data_offset;
};

/* sched_yield: the first call after the state is published. */
#define BLOB_MARKER 24

/* Commands: one byte a message. */
#define BLOB_COMMAND_RUN 'R'
#define BLOB_COMMAND_LAST 'L' /* for a task under construction; answered by the end of file */
#define BLOB_REPLY_DONE 'D'
#endif
#endif
