/* SPDX-License-Identifier: BSD-2-Clause */
/* GlobalPlatform calls through libteec, on an instance that runs */
#ifndef BENCH_GP_H
#define BENCH_GP_H

struct report;

/* All figures of the OP-TEE world and of the device. 0 or -1 with a message. */
int gp_bench(struct report *report);

/* Open, one invoke, and the time of its return on standard output. */
int gp_first_invoke(void);

#endif /* BENCH_GP_H */
