/* The decision about a fault, as a pure function. Specification: dev.thaw.pager.Decision. */
#include "pager.h"

int thaw_decide(uint32_t fault_flags, uint8_t page, uint8_t space, uint32_t kind)
{
	bool hole = fault_flags & THAW_FAULT_HOLE;
	bool minor = fault_flags & UFFD_PAGEFAULT_FLAG_MINOR;

	if (kind == THAW_VMA_ZERO)
		return THAW_ZEROPAGE;
	if (kind != THAW_VMA_SHARED && (space & THAW_SPACE_DROPPED))
		return THAW_ZEROPAGE;
	if (!(page & THAW_PAGE_HAS_CONTENT)) {
		/* Shared: somebody may have written through the descriptor; that is content. */
		if (kind == THAW_VMA_SHARED && minor && !hole)
			return THAW_CONTINUE;
		return THAW_ZEROPAGE;
	}
	if (page & THAW_PAGE_POISONED)
		return THAW_POISON;
	/* Also if the fault is minor: a page in the page cache may be half written. */
	if (!(page & THAW_PAGE_FILLED))
		return THAW_FILL_FIRST;
	if (kind == THAW_VMA_SHARED)
		return hole ? THAW_ZEROPAGE : THAW_CONTINUE; /* a hole: the program punched it */
	if (kind == THAW_VMA_ANON) {
		/*
		 * A page-table entry of anonymous memory does not go away by itself: the process
		 * dropped the page in a way that sends no event (MADV_GUARD_INSTALL).
		 */
		return space & THAW_SPACE_INSTALLED ? THAW_ZEROPAGE : THAW_COPY;
	}
	return hole ? THAW_FILL_FIRST : THAW_CONTINUE;
}
