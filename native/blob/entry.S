/*
 * Where the blob begins and where it leaves. The driver starts a thread at offset 0 with the address
 * of its header in rdi; nothing else of the registers matters.
 */
#include "layout.h"

	.section .text.entry, "ax", @progbits
	.globl _start
_start:
	jmp enter
	.balign 8
	/* The layout table is next: blob.c. */

	.section .text, "ax", @progbits
enter:
	/* The area was mapped r-x: no memory may be written before this mprotect, not even a stack. */
	mov %rdi, %rbx
	mov HEADER_BLOCK_BYTES(%rbx), %rsi
	mov $3, %edx /* PROT_READ | PROT_WRITE */
	mov $10, %eax
	syscall
	mov %rbx, %rdi
	test %eax, %eax
	jnz 1f
	lea BLOB_PROGRAM(%rbx), %rsp
	call blob_main
1:	xor %esi, %esi
	/* Falls through: the header says own_fd = -1. */

/*
 * void blob_leave(struct blob_header *h, int eintr): takes the blob out of the target through the
 * anchor, which closes the descriptor, unmaps the area and goes on where the target was.
 */
	.globl blob_leave
blob_leave:
	mov HEADER_ANCHOR_LEAVE(%rdi), %rcx
	jrcxz 1f
	mov HEADER_AREA(%rdi), %r12
	mov HEADER_AREA_BYTES(%rdi), %r13
	movslq HEADER_OWN_FD(%rdi), %r14
	mov %esi, %ebx
	/* Signals become unblocked in the anchor: their frames must go to the target's own stack. */
	mov HEADER_TARGET_RSP(%rdi), %rsp
	jmp *%rcx
1:	mov $231, %eax /* exit_group: a task under construction has nowhere to go on */
	mov $97, %edi
	syscall
	ud2
	.section .note.GNU-stack, "", @progbits
