/*
 * The tables that thaw-init, thaw-pager and the JVM share, each in a memfd that all of them map.
 *
 *   session memfd   one per restored tree: backings, slots, spaces (descriptor numbers are those of
 *                   thaw-init's descriptor table, which thaw-pager shares), counters, fill requests
 *   pages memfd     one byte per page of every backing: THAW_PAGE_*; written by fillers only
 *   space memfd     one per userfaultfd: its VMAs, its journal, one byte per page: THAW_SPACE_*;
 *                   written by its one reader only
 *
 * A page has one index, the same in the pages memfd and in every space memfd. Slots give it out:
 *
 *   backing 0 (memfd, sparse)                 pages memfd            space memfd
 *   slot 0: file page 0      .. +n0   -----►  [0 .. n0)       -----► [0 .. n0)
 *   slot 1: file page 1<<35  .. +n1   -----►  [n0 .. n0+n1)          ...
 *
 * Keyed by backing page and not by address, the bytes of a space survive mremap.
 *
 * dev.thaw.pager.Tables mirrors this file; TablesTest compares the two.
 */
#ifndef THAW_TABLES_H
#define THAW_TABLES_H

#include <linux/userfaultfd.h>
#include <stdint.h>

#define THAW_TABLES_VERSION 1u
#define THAW_SESSION_MAGIC 0x5353454e57414854ull /* "THAWNESS", little endian */

#define THAW_PAGE_SHIFT 12
#define THAW_PAGE_SIZE 4096ull

#define THAW_MAX_BACKINGS 16384u
#define THAW_MAX_SLOTS 131072u
/* Each costs the pager four mappings, of the 65530 that vm.max_map_count allows. */
#define THAW_MAX_SPACES 8192u
#define THAW_MAX_VMAS 131072u
/* 1 TiB of memory in one tree; the memfds are sparse, so the bound costs address space only. */
#define THAW_MAX_PAGES (1ull << 28)
#define THAW_NO_INDEX (~0ull)

/* A byte of the pages memfd. */
enum thaw_page_bits {
	THAW_PAGE_HAS_CONTENT = 1, /* the image holds this page */
	THAW_PAGE_FILLED = 2,	   /* its content is in the memfd; set after the write */
	THAW_PAGE_POISONED = 4,	   /* its content cannot be supplied */
};

/* A byte of a space memfd. */
enum thaw_space_bits {
	THAW_SPACE_DROPPED = 1,	  /* the process gave the content away: reads as zero */
	THAW_SPACE_INSTALLED = 2, /* a page-table entry was made; a hint, except for ANON */
};

enum thaw_vma_kind {
	THAW_VMA_PRIVATE = 0, /* MAP_PRIVATE of a memfd */
	THAW_VMA_SHARED = 1,  /* MAP_SHARED of a memfd */
	THAW_VMA_ANON = 2,    /* anonymous memory, copied from the memfd's pages */
	THAW_VMA_ZERO = 3,    /* what mremap left behind: nothing but zeros */
};

struct thaw_vma {
	uint64_t start;
	uint64_t end;
	uint64_t first_page; /* page of the backing file at start */
	uint64_t index;	     /* index of that page's bytes; THAW_NO_INDEX where none are kept */
	uint32_t backing;
	uint16_t kind;
	uint16_t flags;
};

enum thaw_vma_flags {
	THAW_VMA_WIPE_ON_FORK = 1, /* MADV_WIPEONFORK: a child sees zeros */
};

struct thaw_slot {
	uint64_t first_page;
	uint64_t page_count;
	uint64_t index;
};

enum thaw_backing_flags {
	THAW_BACKING_SHARED = 1,
};

struct thaw_backing {
	int32_t fd;	    /* the memfd */
	int32_t extents_fd; /* struct thaw_extent[], where the content lies in the store */
	uint32_t flags;
	uint32_t first_slot;
	uint32_t slot_count;
	uint32_t reserved;
	uint64_t extent_count;
	char name[32];
};

struct thaw_extent {
	uint64_t first_page;
	uint64_t page_count;
	uint64_t first_store_page;
};

/* How a fault was answered. */
enum thaw_fault_kind {
	THAW_FAULT_MINOR = 0,	/* its page was in the memfd: CONTINUE */
	THAW_FAULT_ZERO = 1,	/* zeros */
	THAW_FAULT_COPIED = 2,	/* its page was copied */
	THAW_FAULT_WAITED = 3,	/* it waited for its page to be filled, whatever came then */
	THAW_FAULT_NO_PAGE = 4, /* woken without a page: poisoned, or to look again */
	THAW_FAULT_KINDS = 5,
};

/*
 * Nanoseconds on a log-linear scale: 32 values one by one, then 16 buckets for each power of two,
 * so that a bucket is at most a sixteenth of its values wide. The last one begins at 66.6 s and
 * takes all above.
 *
 *   bucket   0 .. 31      32 .. 47         48 .. 63         ...   512 .. 527
 *   values   0 .. 31 ns   32 .. 63 by 2    64 .. 127 by 4   ...   2^35 .. 2^36 by 2^31
 */
#define THAW_LATENCY_SUB_BITS 4
#define THAW_LATENCY_BUCKETS 528u

struct thaw_histogram {
	uint64_t sum_nanos;
	uint64_t max_nanos;
	uint64_t buckets[THAW_LATENCY_BUCKETS];
};

/* From having read a fault's message to having woken its thread. One writer: the space's reader. */
struct thaw_latency {
	struct thaw_histogram kinds[THAW_FAULT_KINDS];
};

/* Written by the reader of the space; anyone may read. */
struct thaw_counters {
	uint64_t faults;	/* page-fault messages read */
	uint64_t events;	/* FORK, REMAP, REMOVE, UNMAP */
	uint64_t demand;	/* pages installed because a thread waited for them */
	uint64_t ahead;		/* neighbours, and pages installed in the background */
	uint64_t zero;		/* zero pages */
	uint64_t copied;	/* pages of demand and ahead that were copied */
	uint64_t poisoned;
	uint64_t fill_waits;	/* faults that had to wait for a fill */
	uint64_t eagain_events; /* installs refused because an event was unread */
	uint64_t eagain_partial;
	uint64_t eexist;
	uint64_t enoent;
	uint64_t efault;
	uint64_t enomem;
	uint64_t lost_maps; /* UNMAPs that came after the range had been taken again */
	uint64_t replays;
	uint64_t prefaulted; /* pages installed before the tree ran; written by the JVM */
};

enum thaw_space_state {
	THAW_SPACE_FREE = 0,
	THAW_SPACE_CREATING = 1, /* being filled in; a new pager frees it and makes it again */
	THAW_SPACE_READY = 2,	 /* complete; waits for a reader */
	THAW_SPACE_GONE = 3,	 /* process dead, or graduated; waits for its reader to leave */
};

enum thaw_space_flags {
	THAW_SPACE_DRAIN = 1,	  /* copy all anonymous memory once everything is filled */
	THAW_SPACE_GRADUATED = 2, /* everything was installed; no userfaultfd any more */
};

#define THAW_RING_SIZE 256u

enum thaw_request_flags {
	THAW_REQUEST_REFILL = 1, /* FILLED is set, but the file has a hole */
};

/* A page that a thread waits for. */
struct thaw_request {
	uint64_t index;
	uint64_t address;
	uint32_t flags;
	uint32_t reserved;
};

struct thaw_space_ref {
	uint32_t state; /* enum thaw_space_state; written last */
	uint32_t generation;
	int32_t uffd;
	int32_t table_fd;
	int32_t filled_eventfd; /* the filler writes it when a requested page is there */
	int32_t pid;		/* 0 for a child of a fork: the event does not tell */
	uint32_t flags;
	uint32_t parent; /* where it was forked from: space + 1, 0 for none, */
	uint64_t parent_seq; /* and the place in that one's journal */
	uint32_t parent_slot;
	uint32_t reserved;
	struct thaw_counters counters;
	uint32_t ring_head; /* written by the reader */
	uint32_t ring_tail; /* written by the filler */
	struct thaw_request ring[THAW_RING_SIZE];
};

enum thaw_serving {
	THAW_NOT_SERVING = 0,
	THAW_SERVING = 1,
	THAW_RETIRED = 2, /* every space has graduated: no pager is needed any more */
};

struct thaw_session {
	uint64_t magic;
	uint32_t version;
	uint32_t serving; /* enum thaw_serving */
	int32_t pages_fd;
	int32_t request_eventfd; /* readers write it after putting a request into a ring */
	int32_t pager_eventfd;	 /* wakes the pager's main thread: look at the spaces */
	int32_t pager_pid;
	uint32_t pager_generation;
	uint32_t filler_generation; /* raised by a new filler: requests in flight are lost */
	uint32_t fill_done;	    /* every page is FILLED or POISONED: no filler is needed */
	uint32_t backing_count;
	uint32_t slot_count;
	uint32_t space_count; /* spaces[] used so far, free ones among them */
	uint64_t page_count;
	uint32_t around_pages; /* fault-around: window, and its bound for sequential access */
	uint32_t around_max_pages;
	uint32_t fatal; /* the pager cannot go on: thaw-init kills the tree */
	uint32_t fatal_errno;
	uint64_t filled_pages; /* written by the filler */
	uint64_t content_pages;
	struct thaw_counters gone; /* sums over the spaces that are free again */
	struct thaw_backing backings[THAW_MAX_BACKINGS];
	struct thaw_slot slots[THAW_MAX_SLOTS];
	struct thaw_space_ref spaces[THAW_MAX_SPACES];
	struct thaw_latency latency_gone; /* of the spaces that are free again */
	struct thaw_latency latency[THAW_MAX_SPACES];
	int32_t touches_fd; /* struct thaw_touches */
	uint32_t reserved;
};

/* Messages of one read(2), and those that had to be read while they were being answered. */
#define THAW_JOURNAL_SIZE 16u

/*
 * The first part of a space memfd. `commit` makes a change of the VMAs and the mark "this event is
 * applied" one store:
 *
 *   63                16 15            1  0
 *   | journal sequence  | events applied | which vma array |
 *
 * A reader that takes over applies the events of the journal from there on.
 */
struct thaw_space {
	uint32_t version;
	uint32_t reserved;
	uint64_t commit;
	uint64_t journal_seq;
	uint32_t vma_count[2];
	/* Ranges that an UNMAP is still to come for, though the range is in use again. */
	uint32_t debt_count[2];
	struct {
		uint64_t start;
		uint64_t end;
	} debt[2][64];
	struct uffd_msg journal[THAW_JOURNAL_SIZE];
	struct thaw_vma vmas[2][THAW_MAX_VMAS];
};

#define THAW_SPACE_PAGES_OFFSET (16ull << 20)
#define THAW_SPACE_BYTES (THAW_SPACE_PAGES_OFFSET + THAW_MAX_PAGES)

_Static_assert(sizeof(struct uffd_msg) == 32, "uffd_msg is 32 bytes");
_Static_assert(sizeof(struct thaw_vma) == 40, "no padding in a vma");
_Static_assert(sizeof(struct thaw_space) <= THAW_SPACE_PAGES_OFFSET, "the bytes begin after it");
_Static_assert(sizeof(struct thaw_request) == 24, "no padding in a request");

static inline uint8_t *thaw_space_pages(struct thaw_space *space)
{
	return (uint8_t *)space + THAW_SPACE_PAGES_OFFSET;
}

#endif
