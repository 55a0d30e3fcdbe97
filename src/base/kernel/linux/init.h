/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Initcalls run before main(): a subsystem that is linked in is there. One that
 * fails says so; what needs it fails later, with an errno.
 */
#ifndef BASE_KERNEL_LINUX_INIT_H
#define BASE_KERNEL_LINUX_INIT_H

#define __init
#define __exit

void kernel_run_initcall(const char *name, int (*fn)(void));

#define subsys_initcall(fn) \
	static void __attribute__((constructor)) __initcall_##fn(void) \
	{ \
		kernel_run_initcall(#fn, fn); \
	} \
	extern char __initcall_end_##fn

#endif /* BASE_KERNEL_LINUX_INIT_H */
