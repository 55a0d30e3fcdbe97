/* SPDX-License-Identifier: BSD-2-Clause */
/* What system calls cost that the trap catches */
#ifndef BENCH_TRAP_H
#define BENCH_TRAP_H

/* open(2) and close(2) of a device that is none of ours, by system calls */
double trap_open_ns(void);
/* The same by a system call that the trap leaves alone; negative where there is none. */
double open_ns(void);

/*
 * A no-op invoke of a TA whose ioctl is made by syscall(2), past the shim. Negative
 * when the process has no trap.
 */
double trap_invoke_ns(void);

#endif /* BENCH_TRAP_H */
