/* SPDX-License-Identifier: BSD-2-Clause */
/* The floor: what a round trip over processes costs with nothing on top */
#ifndef BENCH_RELAY_H
#define BENCH_RELAY_H

#include <stdbool.h>

/*
 * Nanoseconds of a round trip through @hops further processes, each woken by a
 * bare futex, no spinning. With @pinned all of them share one CPU; without, the
 * scheduler places them as it places everything else in this program.
 */
double relay_futex_ns(unsigned int hops, unsigned int rounds, bool pinned);

/* One byte there and back over a SOCK_SEQPACKET pair to one other process. */
double relay_unix_ns(unsigned int rounds);

#endif /* BENCH_RELAY_H */
