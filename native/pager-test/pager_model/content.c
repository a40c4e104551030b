/* What the threads of the model do with the content of pages, checked against their shadows. */
#include "area.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "setup.h"
#include "thaw_tables.h"

void op_read(struct worker *w)
{
	struct area *a = some_area(w);
	uint32_t from, count;

	some_range(w, a, 64, &from, &count);
	for (uint32_t i = from; i < from + count; i++)
		check_page(w, a, i);
}

void op_write(struct worker *w)
{
	struct area *a = some_area(w);
	uint32_t from, count;

	some_range(w, a, 8, &from, &count);
	for (uint32_t i = from; i < from + count; i++) {
		struct page *p = &a->pages[i];
		uint64_t word = below(w, WORDS), value = rnd(w);

		if (p->poisoned) {
			check_poisoned(w, a, i);
			continue;
		}
		if (!p->shadow)
			p->shadow = new_page();
		p->shadow[word] = value;
		((volatile uint64_t *)(a->addr + i * PAGE))[word] = value;
		if (below(w, 4) == 0)
			check_page(w, a, i);
	}
}

/* The kernel reads the page for us, and writes it: faults in kernel mode. */
void op_syscall(struct worker *w)
{
	struct area *a = some_area(w);
	uint32_t i = below(w, a->count);
	struct page *p = &a->pages[i];
	char *at = a->addr + i * PAGE;
	bool poisoned = p->poisoned;
	ssize_t n = write(w->pipe[1], at, PAGE);

	if (poisoned) {
		if (n != -1 || errno != EFAULT)
			die("thread %u: write from a lost page gave %zd", w->id, n);
		return;
	}
	if (n != PAGE || read(w->pipe[0], w->buffer, PAGE) != PAGE)
		die("thread %u: pipe", w->id);
	if (memcmp(w->buffer, expected(p), PAGE))
		mismatch(w, a, i, w->buffer);
	for (unsigned int k = 0; k < WORDS; k++)
		w->buffer[k] = rnd(w);
	if (!p->shadow)
		p->shadow = new_page();
	memcpy(p->shadow, w->buffer, PAGE);
	if (write(w->pipe[1], w->buffer, PAGE) != PAGE || read(w->pipe[0], at, PAGE) != PAGE)
		die("thread %u: read into %p", w->id, at);
}

void op_dontneed(struct worker *w)
{
	struct area *a = some_area(w);
	uint32_t from, count;

	some_range(w, a, 48, &from, &count);
	if (madvise(a->addr + from * PAGE, count * PAGE, MADV_DONTNEED))
		die("madvise(%p, %u pages, MADV_DONTNEED)", a->addr + from * PAGE, count);
	for (uint32_t i = from; i < from + count && a->kind != THAW_VMA_SHARED; i++)
		forget(&a->pages[i]);
	if (below(w, 2))
		check_page(w, a, from + below(w, count));
}

void op_mprotect(struct worker *w)
{
	struct area *a = some_area(w);
	uint32_t from, count;

	some_range(w, a, 32, &from, &count);
	if (mprotect(a->addr + from * PAGE, count * PAGE, PROT_READ))
		die("mprotect");
	for (uint32_t i = from; i < from + count; i++) {
		if (below(w, 2) && !a->pages[i].poisoned)
			check_page(w, a, i);
	}
	if (mprotect(a->addr + from * PAGE, count * PAGE, PROT_READ | PROT_WRITE))
		die("mprotect");
}
