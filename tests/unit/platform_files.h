/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The unit-test form of the open files in src/normal/platform.h
 *
 * Descriptors are numbers in one table, from PLATFORM_FILES_FIRST up, of which each
 * belongs to a process: a thread is in process 0 until it says otherwise. A file is
 * hung up at its last descriptor and released at the end of its last call, in the
 * thread that ends it. Any thread may call.
 */
#ifndef TESTS_UNIT_PLATFORM_FILES_H
#define TESTS_UNIT_PLATFORM_FILES_H

#include <stdbool.h>
#include <stddef.h>

struct tee_shm;

#define PLATFORM_FILES_FIRST 2000

/**
 * struct platform_files - knobs
 * @find_shm: the shm, not counted, behind a number that is not of this table; or NULL
 * @publish_rc, @add_rc: 0, or the errno with which the function fails
 * @add_left: ... but not before so many descriptors were added
 * @read_only: descriptors of memory are open for reading only
 */
struct platform_files {
	struct tee_shm *(*find_shm)(int fd);
	int publish_rc;
	int add_rc;
	unsigned int add_left;
	bool read_only;
};
extern struct platform_files platform_files;

/* All knobs to their defaults. Nothing may be open. */
void platform_files_reset(void);
/* The process of the calling thread */
void platform_files_set_process(int process);
/* Descriptors, of all processes, and nodes */
size_t platform_files_count(void);

/* Close what a test that failed left open; how many that were. */
size_t platform_files_close_all(void);

/* open(2) of a node, ioctl(2), close(2), by the process of the calling thread. */
int platform_files_open(const char *name);
long platform_files_ioctl(int fd, unsigned int cmd, unsigned long arg);
int platform_files_close(int fd);
/* dup(2), or SCM_RIGHTS: a number in @process for the same file */
int platform_files_send(int fd, int process);
/* Is it memory? Then which, borrowed. */
struct tee_shm *platform_files_shm(int fd);

#endif /* TESTS_UNIT_PLATFORM_FILES_H */
