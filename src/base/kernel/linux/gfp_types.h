/* SPDX-License-Identifier: BSD-2-Clause */
/* Only __GFP_ZERO, __GFP_NOWARN and __GFP_NOFAIL mean something in user space */
#ifndef BASE_KERNEL_LINUX_GFP_TYPES_H
#define BASE_KERNEL_LINUX_GFP_TYPES_H

#include <linux/types.h>

#define __GFP_HIGH ((gfp_t)0x1)
#define __GFP_IO ((gfp_t)0x2)
#define __GFP_FS ((gfp_t)0x4)
#define __GFP_DIRECT_RECLAIM ((gfp_t)0x8)
#define __GFP_KSWAPD_RECLAIM ((gfp_t)0x10)
#define __GFP_RECLAIM (__GFP_DIRECT_RECLAIM | __GFP_KSWAPD_RECLAIM)
#define __GFP_ZERO ((gfp_t)0x20)
#define __GFP_NOWARN ((gfp_t)0x40)
#define __GFP_NORETRY ((gfp_t)0x80)
#define __GFP_RETRY_MAYFAIL ((gfp_t)0x100)
#define __GFP_NOFAIL ((gfp_t)0x200)
#define __GFP_ACCOUNT ((gfp_t)0x400)

#define GFP_ATOMIC (__GFP_HIGH | __GFP_KSWAPD_RECLAIM)
#define GFP_KERNEL (__GFP_RECLAIM | __GFP_IO | __GFP_FS)
#define GFP_KERNEL_ACCOUNT (GFP_KERNEL | __GFP_ACCOUNT)
#define GFP_NOWAIT (__GFP_KSWAPD_RECLAIM | __GFP_NOWARN)
#define GFP_NOIO __GFP_RECLAIM
#define GFP_NOFS (__GFP_RECLAIM | __GFP_IO)
#define GFP_USER (__GFP_RECLAIM | __GFP_IO | __GFP_FS)

#endif /* BASE_KERNEL_LINUX_GFP_TYPES_H */
