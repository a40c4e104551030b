/*
 * A System V segment of huge pages (SHM_HUGETLB), attached twice, that ends in the middle of one: the
 * program has all of that page, and shmctl(2) tells the size that was asked for.
 *
 * Needs two free huge pages of 2 MiB: the harness adds them to vm.nr_hugepages.
 */
#include "frame.h"

#include <sys/shm.h>

#define HUGE (2UL << 20)
#define SIZE (HUGE + HUGE / 2)

static void check_huge(const char *what, const void *address)
{
	struct frame_vma vma;

	if (!frame_vma_at(address, &vma))
		FAIL("%s: not mapped", what);
	CHECK(what, strstr(vma.vm_flags, " ht "));
	CHECK_EQ(what, vma.kernel_page_kb, HUGE / 1024);
}

int main(int argc, char **argv)
{
	struct shmid_ds ds;

	frame_start(argc, argv);
	int id = shmget(IPC_PRIVATE, SIZE, IPC_CREAT | SHM_HUGETLB | 21 << 26 | 0600);
	if (id < 0)
		FAIL("shmget: %s; vm.nr_hugepages must leave 2 free", strerror(errno));
	char *map = shmat(id, NULL, 0);
	char *constant = shmat(id, NULL, SHM_RDONLY);
	CHECK("shmat", map != (void *)-1 && constant != (void *)-1);
	/* goes with its last user: nothing is left behind, whatever happens */
	OK(shmctl(id, IPC_RMID, NULL));
	frame_fill(map, 2 * HUGE, 1);
	frame_wait();
	SABOTAGE("the content is lost")
		memset(map, 0, HUGE);
	SABOTAGE("one bit is lost")
		map[HUGE + 4711] ^= 1;
	SABOTAGE("what is behind the end is lost")
		map[2 * HUGE - 1] ^= 1;
	SABOTAGE("ordinary pages in its place") {
		OK(mmap(map, 2 * HUGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED,
			-1, 0));
		frame_fill(map, 2 * HUGE, 1);
	}

	OK(shmctl(id, IPC_STAT, &ds));
	CHECK_EQ("size", ds.shm_segsz, SIZE);
	CHECK_EQ("attached", ds.shm_nattch, 2);
	check_huge("map", map);
	check_huge("constant", constant);
	frame_check_perms("map", map, 2 * HUGE, "rw-s");
	frame_check_perms("constant", constant, 2 * HUGE, "r--s");
	frame_check_pattern("map", map, 2 * HUGE, 1);
	frame_check_pattern("constant", constant, 2 * HUGE, 1);
	map[HUGE - 1] ^= 1;
	CHECK_EQ("one segment", constant[HUGE - 1], map[HUGE - 1]);
	OK(shmdt(map));
	frame_check_unmapped("detached", map, 2 * HUGE);
	OK(shmdt(constant));
	return frame_pass();
}
