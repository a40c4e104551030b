/*
 * A file mapped privately: pages still the file's, pages written (COWed), a read-only part that was written
 * before it was protected (as RELRO is), a tail beyond the end of the file. The file itself stays as it is.
 */
#include "frame.h"

#define PAGES 64UL
#define FILE_SIZE (PAGES * PAGE - 1000)

int main(int argc, char **argv)
{
	static char content[PAGES * PAGE];

	frame_start(argc, argv);
	char *path = frame_path("file");
	int fd = OK(open(path, O_RDWR | O_CREAT | O_EXCL, 0600));
	frame_fill(content, sizeof(content), 1);
	OK(write(fd, content, FILE_SIZE));
	memset(content + FILE_SIZE, 0, 1000);
	char *map = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	char *offset = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 16 * PAGE);
	CHECK("mmap", map != MAP_FAILED && offset != MAP_FAILED);
	OK(close(fd));
	for (size_t i = 0; i < PAGES; i += 4)
		frame_fill(map + i * PAGE, PAGE, 100 + i);
	map[(PAGES - 1) * PAGE + 4000] = 'z';		/* behind the end of the file, in its last page */
	frame_fill(offset + 3 * PAGE, PAGE, 200);
	memset(map + 10 * PAGE, 0, PAGE);		/* zeros where the file has none */
	OK(mprotect(map, 8 * PAGE, PROT_READ));
	OK(mprotect(map + 8 * PAGE, PAGE, PROT_NONE));

	frame_wait();
	SABOTAGE("a written page is the file's again")
		OK(madvise(map + 4 * PAGE, PAGE, MADV_DONTNEED));
	SABOTAGE("the page under PROT_NONE is the file's again")
		OK(madvise(map + 8 * PAGE, PAGE, MADV_DONTNEED));
	SABOTAGE("zeros are the file's again")
		OK(madvise(map + 10 * PAGE, PAGE, MADV_DONTNEED));
	SABOTAGE("the tail is lost")
		map[(PAGES - 1) * PAGE + 4000] = 0;
	SABOTAGE("the mapping at an offset is another")
		OK(mmap(offset, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	SABOTAGE("the protection is lost")
		OK(mprotect(map, PAGE, PROT_READ | PROT_WRITE));

	struct frame_vma vma;
	CHECK("mapped", frame_vma_at(map, &vma));
	CHECK_STR("the mapping's file", vma.path, path);
	frame_check_perms("protected part", map, 8 * PAGE, "r--p");
	frame_check_perms("PROT_NONE part", map + 8 * PAGE, PAGE, "---p");
	frame_check_perms("the rest", map + 9 * PAGE, (PAGES - 9) * PAGE, "rw-p");
	OK(mprotect(map, PAGES * PAGE, PROT_READ | PROT_WRITE));
	content[(PAGES - 1) * PAGE + 4000] = 'z';
	for (size_t i = 0; i < PAGES; i++) {
		if (i % 4 == 0)
			frame_check_pattern("written", map + i * PAGE, PAGE, 100 + i);
		else if (i == 10)
			frame_check_zero("written with zeros", map + i * PAGE, PAGE);
		else
			CHECK_MEM("the file's", map + i * PAGE, content + i * PAGE, PAGE);
	}
	CHECK("mapped at an offset", frame_vma_at(offset, &vma));
	CHECK_STR("the mapping's file", vma.path, path);
	CHECK_EQ("offset", vma.offset, 16 * PAGE);
	CHECK_MEM("at an offset, below", offset, content + 16 * PAGE, 3 * PAGE);
	frame_check_pattern("at an offset, written", offset + 3 * PAGE, PAGE, 200);
	CHECK_MEM("at an offset, above", offset + 4 * PAGE, content + 20 * PAGE, 4 * PAGE);

	/* a page not written yet shows what is written to the file now: it is a mapping of it */
	fd = OK(open(path, O_RDWR));
	size_t size;
	char *now = frame_read_file(path, &size);
	CHECK_EQ("size of the file", size, FILE_SIZE);
	content[(PAGES - 1) * PAGE + 4000] = 0;
	CHECK_MEM("the file", now, content, FILE_SIZE);
	OK(pwrite(fd, "fresh", 5, 33 * PAGE));
	CHECK_MEM("written to the file", map + 33 * PAGE, "fresh", 5);
	return frame_pass();
}
