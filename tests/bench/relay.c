/* SPDX-License-Identifier: BSD-2-Clause */
#include "relay.h"

#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fdsock.h"
#include "base/futex.h"
#include "clock.h"

#define MAX_HOPS 8

/* Hop i waits on request[i] and answers on reply[i]. */
struct relay {
	struct {
		_Alignas(64) _Atomic uint32_t request;
		_Alignas(64) _Atomic uint32_t reply;
	} hop[MAX_HOPS];
};

static void pin(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	(void)sched_setaffinity(0, sizeof(set), &set);
}

static void wait_for(_Atomic uint32_t *word, uint32_t old)
{
	while (atomic_load(word) == old)
		(void)futex_wait(word, old, -1);
}

static void signal_word(_Atomic uint32_t *word)
{
	atomic_fetch_add(word, 1);
	(void)futex_wake(word, 1);
}

static void call(struct relay *relay, unsigned int hop, unsigned int hops)
{
	uint32_t old;

	if (hop == hops)
		return;
	old = atomic_load(&relay->hop[hop].reply);
	signal_word(&relay->hop[hop].request);
	wait_for(&relay->hop[hop].reply, old);
}

static void serve(struct relay *relay, unsigned int hop, unsigned int hops)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (uint32_t seen = 0;; seen++) {
		wait_for(&relay->hop[hop].request, seen);
		call(relay, hop + 1, hops);
		signal_word(&relay->hop[hop].reply);
	}
}

double relay_futex_ns(unsigned int hops, unsigned int rounds, bool pinned)
{
	struct relay *relay = mmap(NULL, sizeof(*relay), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pids[MAX_HOPS];
	cpu_set_t before;
	uint64_t start;
	double ns;

	if (relay == MAP_FAILED)
		exit(1);
	sched_getaffinity(0, sizeof(before), &before);
	if (pinned)
		pin();
	for (unsigned int i = 0; i < hops; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			serve(relay, i, hops);
	}
	for (unsigned int i = 0; i < rounds / 10; i++)
		call(relay, 0, hops);
	start = clock_ns();
	for (unsigned int i = 0; i < rounds; i++)
		call(relay, 0, hops);
	ns = (double)(clock_ns() - start) / rounds;
	for (unsigned int i = 0; i < hops; i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
	sched_setaffinity(0, sizeof(before), &before);
	munmap(relay, sizeof(*relay));
	return ns;
}

double relay_unix_ns(unsigned int rounds)
{
	uint64_t start;
	double ns;
	pid_t pid;
	int pair[2];
	char byte = 0;

	if (fdsock_pair(pair) < 0)
		exit(1);
	pid = fork();
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		while (read(pair[1], &byte, 1) == 1 && write(pair[1], &byte, 1) == 1)
			;
		_exit(0);
	}
	start = clock_ns();
	for (unsigned int i = 0; i < rounds; i++) {
		if (write(pair[0], &byte, 1) != 1 || read(pair[0], &byte, 1) != 1)
			exit(1);
	}
	ns = (double)(clock_ns() - start) / rounds;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(pair[0]);
	close(pair[1]);
	return ns;
}
