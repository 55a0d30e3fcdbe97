/* SPDX-License-Identifier: BSD-2-Clause */
/* What one more costs when there are many: contexts, shared memory */
#ifndef BENCH_SCALE_H
#define BENCH_SCALE_H

struct report;

/* Needs as many descriptors as it holds things; says where it had to stop. */
void scale_bench(struct report *report);

#endif /* BENCH_SCALE_H */
