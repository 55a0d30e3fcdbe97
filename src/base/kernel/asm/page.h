/* SPDX-License-Identifier: BSD-2-Clause */
/* The page of every message format here is 4 KiB, whatever the host's is */
#ifndef BASE_KERNEL_ASM_PAGE_H
#define BASE_KERNEL_ASM_PAGE_H

/* <sys/user.h> has these too, with the same values */
#ifndef PAGE_SHIFT
#define PAGE_SHIFT 12
#endif
#ifndef PAGE_SIZE
#define PAGE_SIZE (1UL << PAGE_SHIFT)
#endif
#ifndef PAGE_MASK
#define PAGE_MASK (~(PAGE_SIZE - 1))
#endif

#endif /* BASE_KERNEL_ASM_PAGE_H */
