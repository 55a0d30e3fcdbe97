/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Instead of src/base/kernel/workqueue.c: work that waits until it is told to run,
 * so that a target with one thread stays one with one thread
 */
#ifndef TESTS_FUZZ_DEFERRED_WORK_H
#define TESTS_FUZZ_DEFERRED_WORK_H

/* Run what is queued now, in the order in which it came. */
void deferred_work_run(void);

#endif /* TESTS_FUZZ_DEFERRED_WORK_H */
