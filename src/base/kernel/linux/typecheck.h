/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_KERNEL_LINUX_TYPECHECK_H
#define BASE_KERNEL_LINUX_TYPECHECK_H

/* 1; a warning if @x is not of exactly that type */
#define typecheck(type, x) \
	({ \
		type typecheck_a_; \
		__typeof__(x) typecheck_b_; \
		(void)(&typecheck_a_ == &typecheck_b_); \
		1; \
	})

#endif /* BASE_KERNEL_LINUX_TYPECHECK_H */
