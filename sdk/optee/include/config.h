/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Build options inside C expressions
 *
 * IS_ENABLED(CFG_X) is 1 when the option is defined to 1 (CFG_X=y in a makefile)
 * and 0 otherwise, undefined included. IS_ENABLED2() wants it defined to 0 or 1.
 */
#ifndef CONFIG_H
#define CONFIG_H

#define IS_ENABLED(x) CONFIG_FIRST_(x)
#define CONFIG_FIRST_(x) CONFIG_SECOND_(CONFIG_COMMA_##x)
#define CONFIG_SECOND_(comma_or_junk) CONFIG_THIRD_(comma_or_junk 1, 0)
#define CONFIG_THIRD_(ignored, value, ...) (value)
#define CONFIG_COMMA_1 0,

#define IS_ENABLED2(x) ((x) == 1)

#endif /* CONFIG_H */
