/*
 * SysV shared memory: key, mode, size, attached twice (once read-only) and by a child; it stays one
 * segment that shmat, shmdt and IPC_STAT know.
 */
#include "frame.h"

#include <sys/shm.h>

#define SIZE (100 * PAGE)

int main(int argc, char **argv)
{
	frame_start(argc, argv);
	int id = OK(shmget(IPC_PRIVATE, SIZE, IPC_CREAT | 0640));
	char *map = shmat(id, NULL, 0);
	char *constant = shmat(id, NULL, SHM_RDONLY);
	CHECK("shmat", map != (void *)-1 && constant != (void *)-1);
	/* goes with its last user: nothing is left behind, whatever happens */
	OK(shmctl(id, IPC_RMID, NULL));
	frame_fill(map, SIZE / 2, 1);
	pid_t pid = frame_fork();
	frame_wait();
	if (pid == 0) {
		CHECK_MEM("what the parent wrote", constant + 3 * PAGE, "parent", 6);
		map[SIZE - 1] = 'c';
		OK(shmdt(constant));
		frame_pass();
	}
	SABOTAGE("a memfd in its place") {
		OK(mmap(map, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
		frame_fill(map, SIZE / 2, 1);
	}
	SABOTAGE("the content is lost")
		memset(map, 0, SIZE);
	SABOTAGE("the read-only attachment is gone")
		OK(shmdt(constant));

	struct shmid_ds ds;
	OK(shmctl(id, IPC_STAT, &ds));
	CHECK_EQ("size", ds.shm_segsz, SIZE);
	CHECK_EQ("attached", ds.shm_nattch, 4);
	CHECK_EQ("mode", ds.shm_perm.mode & 0777, 0640);
	frame_check_perms("map", map, SIZE, "rw-s");
	frame_check_perms("constant", constant, SIZE, "r--s");
	frame_check_pattern("map", map, SIZE / 2, 1);
	frame_check_pattern("constant", constant, SIZE / 2, 1);
	frame_check_zero("hole", map + SIZE / 2, SIZE / 2);
	memcpy(map + 3 * PAGE, "parent", 6);
	CHECK_MEM("through the other attachment", constant + 3 * PAGE, "parent", 6);
	frame_join(pid);
	CHECK_EQ("what the child wrote", map[SIZE - 1], 'c');
	OK(shmdt(map));
	frame_check_unmapped("detached", map, SIZE);
	OK(shmdt(constant));
	return frame_pass();
}
