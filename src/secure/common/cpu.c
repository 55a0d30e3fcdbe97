/* SPDX-License-Identifier: BSD-2-Clause */
#include "secure/common/cpu.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "machine/lane/lane.h"
#include "secure/common/shared.h"

/* A CPU is a thread of the normal world that makes calls: generous. */
#define MAX_CPUS 4096u

/* The handler does its work on fibers, which have stacks of their own. */
#define CPU_STACK_SIZE ((size_t)64 << 10)

struct cpu_thread {
	struct cpu_set *set;
	struct lane *lane;
	struct cpu cpu;
};

static void *cpu_main(void *data)
{
	struct cpu_thread *self = data;
	struct cpu_set *set = self->set;
	struct smc_regs *shared = lane_data(self->lane);
	struct smc_regs in, out;

	(void)prctl(PR_SET_NAME, "cpu");
	lane_set_follow(self->lane);
	lane_own(self->lane);
	while (lane_wait_request(self->lane) == 0) {
		in = *shared;
		/* What the normal world did between calls ordered them. */
		shared_enter(set);
		set->handler(set->data, &self->cpu, &in, &out);
		shared_leave(set);
		*shared = out;
		lane_reply(self->lane);
	}
	lane_disown(self->lane);
	lane_free(self->lane);
	free(self);

	pthread_mutex_lock(&set->lock);
	if (--set->n_cpus == 0)
		pthread_cond_broadcast(&set->gone);
	pthread_mutex_unlock(&set->lock);
	return NULL;
}

void cpu_set_init(struct cpu_set *set, cpu_handler handler, void *data)
{
	*set = (struct cpu_set){ .handler = handler, .data = data };
	pthread_mutex_init(&set->lock, NULL);
	pthread_cond_init(&set->gone, NULL);
}

void cpu_set_deinit(struct cpu_set *set)
{
	pthread_mutex_lock(&set->lock);
	while (set->n_cpus)
		pthread_cond_wait(&set->gone, &set->lock);
	pthread_mutex_unlock(&set->lock);
	pthread_cond_destroy(&set->gone);
	pthread_mutex_destroy(&set->lock);
}

static int cpu_count(struct cpu_set *set)
{
	int r = 0;

	pthread_mutex_lock(&set->lock);
	if (set->n_cpus < MAX_CPUS)
		set->n_cpus++;
	else
		r = -EMFILE;
	pthread_mutex_unlock(&set->lock);
	return r;
}

static void cpu_uncount(struct cpu_set *set)
{
	pthread_mutex_lock(&set->lock);
	set->n_cpus--;
	pthread_mutex_unlock(&set->lock);
}

static int cpu_start(struct cpu_thread *cpu)
{
	pthread_attr_t attr;
	pthread_t thread;
	int r;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, CPU_STACK_SIZE);
	r = pthread_create(&thread, &attr, cpu_main, cpu);
	pthread_attr_destroy(&attr);
	return -r;
}

int cpu_set_add(struct cpu_set *set, int lane_fd)
{
	struct cpu_thread *cpu = NULL;
	struct lane *lane;
	int r;

	r = lane_attach(lane_fd, sizeof(struct smc_regs), &lane);
	if (r < 0)
		return r;
	r = cpu_count(set);
	if (r < 0)
		goto err_close;
	cpu = calloc(1, sizeof(*cpu));
	if (!cpu) {
		r = -ENOMEM;
		goto err_uncount;
	}
	cpu->set = set;
	cpu->lane = lane;
	r = cpu_start(cpu);
	if (r < 0)
		goto err_free;
	return 0;

err_free:
	free(cpu);
err_uncount:
	cpu_uncount(set);
err_close:
	lane_close(lane);
	lane_free(lane);
	return r;
}
