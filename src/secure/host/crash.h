/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signals of a TA host
 *
 * A TA that crashes leaves one line in the log before the signal ends the process.
 * SIGSYS is what the sandbox's filter makes of system calls that a TA may not do:
 * most end the process with a line too; the two that the dynamic linker cannot
 * do without are answered.
 */
#ifndef SECURE_HOST_CRASH_H
#define SECURE_HOST_CRASH_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Install the handlers. @program and @ta, what the TA is called, stand in front of
 * what is told; they are not copied. With @sanitizer the faults are left to the
 * sanitizer's own handlers.
 */
void crash_init(const char *program, const char *ta, bool sanitizer);

/*
 * While @path is set, openat() of it gives a duplicate of HOST_FD_IMAGE. Not copied;
 * NULL ends it.
 */
void crash_allow_open(const char *path);

/* Where the image lies, @end excluded: a place in it is told by its offset. */
void crash_set_image(uintptr_t start, uintptr_t end);

#endif /* SECURE_HOST_CRASH_H */
