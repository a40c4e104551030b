/*
 * An instruction sequence that a tracer can point a spawned task at, to have its first system call
 * made before any code of its own is in it.
 */
#include "init.h"

__asm__(".text\n"
	".global thaw_gadget\n"
	".type thaw_gadget, @function\n"
	"thaw_gadget:\n"
	"	syscall\n"
	"	ret\n"
	".size thaw_gadget, . - thaw_gadget\n");
