/* SPDX-License-Identifier: BSD-2-Clause */
/* The image of a TA, in a file that nobody can change */
#ifndef SECURE_COMMON_IMAGE_FILE_H
#define SECURE_COMMON_IMAGE_FILE_H

#include <stddef.h>
#include <stdint.h>

/*
 * A sealed memory file with a copy of @data, which may change meanwhile: what is in the
 * file is what counts. 0 or negative errno.
 */
int image_file_new(const uint8_t *data, size_t size, int *ret_fd);

#endif /* SECURE_COMMON_IMAGE_FILE_H */
