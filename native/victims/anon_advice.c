/*
 * Advice and locks on memory: what smaps says of each mapping is the same after the restore, and where the
 * advice changes what a later fork sees (DONTFORK, WIPEONFORK), the fork sees that.
 */
#include "frame.h"

#define SIZE (512 * PAGE)

struct advised {
	const char *name;
	int advice;
	const char *flag;	/* as in VmFlags */
	char *start;
};

static struct advised advised[] = {
	{ "DONTFORK", MADV_DONTFORK, " dc ", NULL },
	{ "WIPEONFORK", MADV_WIPEONFORK, " wf ", NULL },
	{ "DONTDUMP", MADV_DONTDUMP, " dd ", NULL },
	{ "HUGEPAGE", MADV_HUGEPAGE, " hg ", NULL },
	{ "NOHUGEPAGE", MADV_NOHUGEPAGE, " nh ", NULL },
	{ "MERGEABLE", MADV_MERGEABLE, " mg ", NULL },
	{ "SEQUENTIAL", MADV_SEQUENTIAL, " sr ", NULL },
	{ "RANDOM", MADV_RANDOM, " rr ", NULL },
	{ "NORMAL", MADV_NORMAL, " mr ", NULL },
};

/* This kernel may be without an option (KSM, THP): then the advice is refused and nothing is to be seen. */
static bool takes(struct advised *a)
{
	if (!madvise(a->start, SIZE, a->advice))
		return true;
	CHECK_EQ(a->name, errno, EINVAL);
	return false;
}

int main(int argc, char **argv)
{
	frame_start(argc, argv);

	for (size_t i = 0; i < COUNT(advised); i++) {
		/* a gap on both sides, or equal neighbours would be one VMA */
		char *p = frame_map(SIZE + 2 * PAGE, PROT_NONE, 0);
		advised[i].start = p + PAGE;
		OK(mprotect(advised[i].start, SIZE, PROT_READ | PROT_WRITE));
		if (!takes(&advised[i]))
			advised[i].flag = " rd ";
		frame_fill(advised[i].start, SIZE, i);
	}
	char *locked = frame_map(16 * PAGE, PROT_READ | PROT_WRITE, 0);
	frame_fill(locked, 16 * PAGE, 50);
	OK(mlock(locked, 16 * PAGE));
	char *on_fault = frame_map(16 * PAGE, PROT_READ | PROT_WRITE, 0);
	OK(mlock2(on_fault, 16 * PAGE, MLOCK_ONFAULT));
	frame_fill(on_fault, PAGE, 51);

	frame_wait();
	SABOTAGE("DONTFORK is forgotten")
		OK(madvise(advised[0].start, SIZE, MADV_DOFORK));
	SABOTAGE("WIPEONFORK is forgotten")
		OK(madvise(advised[1].start, SIZE, MADV_KEEPONFORK));
	SABOTAGE("DONTDUMP is forgotten")
		OK(madvise(advised[2].start, SIZE, MADV_DODUMP));
	SABOTAGE("SEQUENTIAL is forgotten")
		OK(madvise(advised[6].start, SIZE, MADV_NORMAL));
	SABOTAGE("the lock is gone")
		OK(munlock(locked, 16 * PAGE));
	SABOTAGE("the lock on fault is gone")
		OK(munlock(on_fault, 16 * PAGE));
	SABOTAGE("the content is gone")
		OK(madvise(advised[3].start, SIZE, MADV_DONTNEED));

	struct frame_vma vma;
	for (size_t i = 0; i < COUNT(advised); i++) {
		CHECK(advised[i].name, frame_vma_at(advised[i].start, &vma));
		if (!strstr(vma.vm_flags, advised[i].flag))
			FAIL("%s: expected%sin%s", advised[i].name, advised[i].flag, vma.vm_flags);
		CHECK_EQ(advised[i].name, vma.end - vma.start, SIZE);
		frame_check_pattern(advised[i].name, advised[i].start, SIZE, i);
	}
	CHECK("locked", frame_vma_at(locked, &vma) && strstr(vma.vm_flags, " lo "));
	CHECK_EQ("locked kB", vma.locked_kb, 64);
	frame_check_pattern("locked", locked, 16 * PAGE, 50);
	CHECK("locked on fault", frame_vma_at(on_fault, &vma) && strstr(vma.vm_flags, " lo ") &&
				 strstr(vma.vm_flags, " lf "));
	frame_check_pattern("locked on fault", on_fault, PAGE, 51);
	frame_check_zero("locked on fault", on_fault + PAGE, 15 * PAGE);

	pid_t child = OK(fork());
	if (child == 0) {
		CHECK("DONTFORK in the child", !frame_vma_at(advised[0].start, &vma));
		frame_check_zero("WIPEONFORK in the child", advised[1].start, SIZE);
		frame_check_pattern("DONTDUMP in the child", advised[2].start, SIZE, 2);
		_exit(0);
	}
	frame_reap(child, 0);
	return frame_pass();
}
