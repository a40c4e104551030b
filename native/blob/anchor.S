/*
 * The anchor: a few hundred bytes that stay in the padding of an executable mapping of the target
 * (the vdso's last page, as a rule) from before the first injected call until after the last. The
 * driver writes code and data through /proc/PID/mem; the target only reads them.
 *
 *   ANCHOR_CALL   runs one system call for the driver, the mmap of the area. Should the driver be
 *                 gone when it returns, the target goes on into ANCHOR_LEAVE and unmaps it again.
 *   ANCHOR_LEAVE  takes everything back: closes r14, unmaps [r12, +r13), restores the signal mask,
 *                 all general registers and the flags, and goes on where the target was stopped.
 *
 * Nothing is written to the target's stack (a goroutine's may end right below rsp), no FPU state is
 * touched, and there is no rt_sigreturn, which would make an interrupted nanosleep, poll or futex
 * return EINTR: the restart block survives. With ebx != 0 the second set of registers is used.
 */
#include "layout.h"

	.section .text.anchor, "ax", @progbits
	.balign 16
	.globl anchor
anchor:
	syscall
	mov %rax, %r12
	.org anchor + ANCHOR_LEAVE, 0x90
	mov %r14, %rdi
	mov $3, %eax /* close */
	syscall
	mov %r12, %rdi
	mov %r13, %rsi
	mov $11, %eax /* munmap */
	syscall
	mov $2, %edi /* SIG_SETMASK */
	lea anchor + ANCHOR_MASK(%rip), %rsi
	xor %edx, %edx
	mov $8, %r10d
	mov $14, %eax /* rt_sigprocmask */
	syscall
	test %ebx, %ebx
	jne 1f
	.macro resume regs
	lea anchor + \regs(%rip), %rsp
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %rbp
	pop %rbx
	pop %r11
	pop %r10
	pop %r9
	pop %r8
	pop %rax
	pop %rcx
	pop %rdx
	pop %rsi
	pop %rdi
	popfq
	pop %rsp
	jmp *anchor + \regs + 17 * 8(%rip)
	.endm
	resume ANCHOR_REGS
1:	resume ANCHOR_REGS_EINTR
	.org anchor + ANCHOR_BYTES
	.section .note.GNU-stack, "", @progbits
