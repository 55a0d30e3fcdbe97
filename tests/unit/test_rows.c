/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of negative tests (tests/rows/rows.h) in process: the core and a driver
 * over the platform of the unit tests. Argument: the driver, "optee" (over the fake
 * world) or "echo"; or --list DRIVER for the names of its rows. After each row nothing
 * may be left.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <linux/err.h>
#include <linux/workqueue.h>

#include "../rows/rows.h"
#include "abi/echo.h"
#include "base/kernel/kmem.h"
#include "base/kernel/task.h"
#include "normal/drivers/echo/echo_private.h"
#include "normal/drivers/optee/optee_private.h"
#include "normal/tee/tee_cdev.h"
#include "optee_fakeworld.h"
#include "platform_test.h"

#define MAX_CONTEXTS 16

/* A driver under test, with what it stands on; one for each row */
struct subject {
	struct rows_home home;
	struct tee_device *client, *priv;
	struct tee_context *ctx[MAX_CONTEXTS];
	struct task_struct task;
	struct echo *echo;
	struct optee *optee;
	struct fw_world world;
	uint32_t calls[FW_MAX_SESSIONS + 1];	/* by session of the world */
};

/* --- the home --- */

static int core_open(struct rows_home *home, enum rows_node node)
{
	struct subject *subject = home->data;
	struct tee_context *ctx = tee_cdev_open(node == ROWS_PRIV ? subject->priv :
								    subject->client);

	if (IS_ERR(ctx))
		return (int)PTR_ERR(ctx);
	/* What the first supplicant sets off is no part of a row. */
	if (subject->optee)
		flush_work(&subject->optee->scan_work);
	for (int i = 0; i < MAX_CONTEXTS; i++) {
		if (!subject->ctx[i]) {
			subject->ctx[i] = ctx;
			return i;
		}
	}
	abort();
}

static void core_close(struct rows_home *home, int tee)
{
	struct subject *subject = home->data;

	tee_cdev_release(subject->ctx[tee]);
	subject->ctx[tee] = NULL;
}

static long core_ioctl(struct rows_home *home, int tee, unsigned int cmd, const void *arg)
{
	struct subject *subject = home->data;

	return tee_cdev_ioctl(subject->ctx[tee], cmd, (unsigned long)arg);
}

static void core_close_shm(struct rows_home *home, int fd)
{
	platform_test_fd_put(fd);
}

static void *core_map(struct rows_home *home, int fd, size_t size)
{
	platform_test_fd_get(fd);
	return platform_test_fd_shm(fd)->kaddr;
}

static void core_unmap(struct rows_home *home, int fd, void *map, size_t size)
{
	platform_test_fd_put(fd);
}

static void core_forbid_fds(struct rows_home *home, bool forbid)
{
	platform_test.install_rc = forbid ? -EMFILE : 0;
}

/* --- jobs: threads --- */

struct job_thread {
	pthread_t thread;
	struct task_struct task;
	void (*fn)(struct rows *r, struct rows_job *job);
	struct rows *r;
	struct rows_job job;
	atomic_bool signalled, done;
};

static bool job_signalled(void *data)
{
	struct job_thread *job = data;

	return atomic_load(&job->signalled);
}

static void *job_main(void *data)
{
	struct job_thread *job = data;

	task_enter(&job->task);
	job->fn(job->r, &job->job);
	task_leave(&job->task);
	atomic_store(&job->done, true);
	return NULL;
}

static void *job_start(struct rows_home *home, void (*fn)(struct rows *r, struct rows_job *),
		       struct rows *r, struct rows_job *job)
{
	struct job_thread *thread = calloc(1, sizeof(*thread));

	if (!thread)
		return NULL;
	thread->fn = fn;
	thread->r = r;
	thread->job = *job;
	task_init(&thread->task);
	thread->task.uaccess = &uaccess_inprocess_ops;
	thread->task.interrupted = job_signalled;
	thread->task.interrupted_data = thread;
	if (pthread_create(&thread->thread, NULL, job_main, thread))
		abort();
	return thread;
}

static bool job_done(struct rows_home *home, void *running)
{
	struct job_thread *job = running;

	return atomic_load(&job->done);
}

static void job_interrupt(struct rows_home *home, void *running)
{
	struct job_thread *job = running;

	atomic_store(&job->signalled, true);
	if (!atomic_load(&job->done))
		task_interrupt_wake(&job->task);
}

static void job_kill(struct rows_home *home, void *running)
{
	struct job_thread *job = running;

	task_kill(&job->task);
}

static void job_end(struct rows_home *home, void *running, struct rows_job *ret_job)
{
	struct job_thread *job = running;

	pthread_join(job->thread, NULL);
	if (ret_job)
		*ret_job = job->job;
	free(job);
}

/* --- the service behind OP-TEE's driver --- */

static const uint8_t service_uuid[16] = ECHO_UUID;

static struct subject *subject_of(struct fw_thread *t)
{
	return fw_world_of(t)->data;
}

static uint32_t body_open(struct fw_thread *t, struct optee_msg_arg *msg)
{
	struct optee_msg_param p[2];

	if (!memcmp(msg->params[0].u.octets, service_uuid, sizeof(service_uuid)))
		return TEE_R_SUCCESS;
	if (memcmp(msg->params[0].u.octets, rows_asking_uuid, 15))
		return TEE_R_ITEM_NOT_FOUND;
	p[0] = fw_value(OPTEE_MSG_ATTR_TYPE_VALUE_INPUT, 1, 2, 0);
	p[1] = fw_rmem(OPTEE_MSG_ATTR_TYPE_TMEM_OUTPUT, 0, 0, 0);
	return fw_rpc_cmd_n(t, OPTEE_RPC_CMD_LOAD_TA, p, 2);
}

static uint32_t copy_rmem(struct fw_world *world, struct optee_msg_param *to,
			  const struct optee_msg_param *from)
{
	uint64_t needed = from ? from->u.rmem.size : 0;
	uint64_t room = to->u.rmem.size;
	void *dst, *src;

	to->u.rmem.size = needed;
	if (needed > room)
		return TEE_R_SHORT_BUFFER;
	if (!needed)
		return TEE_R_SUCCESS;
	src = fw_shm_va(world, from->u.rmem.shm_ref, from->u.rmem.offs, needed);
	dst = fw_shm_va(world, to->u.rmem.shm_ref, to->u.rmem.offs, needed);
	if (!src || !dst)
		return TEE_R_SECURITY;
	memmove(dst, src, needed);
	return TEE_R_SUCCESS;
}

static uint32_t body_echo(struct fw_world *world, struct optee_msg_arg *msg)
{
	const struct optee_msg_param *value = NULL, *rmem = NULL;
	uint32_t ret = TEE_R_SUCCESS;

	for (uint32_t i = 0; i < msg->num_params; i++) {
		struct optee_msg_param *p = &msg->params[i];

		switch (p->attr) {
		case OPTEE_MSG_ATTR_TYPE_VALUE_INPUT:
		case OPTEE_MSG_ATTR_TYPE_VALUE_INOUT:
			value = p;
			break;
		case OPTEE_MSG_ATTR_TYPE_VALUE_OUTPUT:
			if (value)
				p->u.value = value->u.value;
			break;
		case OPTEE_MSG_ATTR_TYPE_RMEM_INPUT:
		case OPTEE_MSG_ATTR_TYPE_RMEM_INOUT:
			rmem = p;
			break;
		case OPTEE_MSG_ATTR_TYPE_RMEM_OUTPUT:
			ret = copy_rmem(world, p, rmem);
			break;
		default:
			break;
		}
	}
	return ret;
}

/* Until cancelled, or for so many milliseconds */
static uint32_t body_wait(struct fw_world *world, uint64_t ms)
{
	unsigned int cancelled = atomic_load(&world->n_cancelled);

	for (; ms; ms--) {
		if (atomic_load(&world->n_cancelled) != cancelled)
			return TEE_R_CANCEL;
		usleep(1000);
	}
	return TEE_R_SUCCESS;
}

static uint32_t body_invoke(struct fw_thread *t, struct optee_msg_arg *msg)
{
	struct fw_world *world = fw_world_of(t);
	uint32_t *calls = &subject_of(t)->calls[msg->session % (FW_MAX_SESSIONS + 1)];

	++*calls;
	switch (msg->func) {
	case ROWS_FN_ECHO:
		return body_echo(world, msg);
	case ROWS_FN_INFO:
		msg->params[0].u.value.a = *calls;
		msg->params[0].u.value.b = fw_n_sessions(world);
		return TEE_R_SUCCESS;
	case ROWS_FN_WAIT:
		return body_wait(world, msg->params[0].u.value.a);
	default:
		return TEE_R_NOT_SUPPORTED;
	}
}

/* --- a row --- */

static bool is_optee;

static struct rows_home make_home(struct subject *subject)
{
	struct rows_home home = {
		.name = is_optee ? "optee in process" : "echo in process",
		.optee = is_optee,
		.impl_id = is_optee ? TEE_IMPL_ID_OPTEE : ECHO_IMPL_ID,
		.data = subject,
		.open = core_open,
		.close = core_close,
		.ioctl = core_ioctl,
		.close_shm = core_close_shm,
		.map_shm = core_map,
		.unmap_shm = core_unmap,
		.forbid_fds = core_forbid_fds,
		.job_start = job_start,
		.job_done = job_done,
		.job_interrupt = job_interrupt,
		.job_kill = job_kill,
		.job_end = job_end,
	};

	memcpy(home.uuid, service_uuid, sizeof(home.uuid));
	return home;
}

static void probe_optee(struct subject *subject)
{
	struct optee_platform_data pdata = { .conduit = &subject->world.conduit };

	fw_init(&subject->world);
	subject->world.data = subject;
	subject->world.open = body_open;
	subject->world.invoke = body_invoke;
	subject->optee = optee_probe(&pdata);
	assert_false(IS_ERR(subject->optee));
	flush_work(&subject->optee->scan_work);
	subject->client = subject->optee->teedev;
	subject->priv = subject->optee->supp_teedev;
}

static void probe_echo(struct subject *subject)
{
	subject->echo = echo_probe();
	assert_false(IS_ERR(subject->echo));
	subject->client = subject->echo->teedev;
	subject->priv = subject->echo->supp_teedev;
}

static void unprobe(struct subject *subject)
{
	if (is_optee) {
		optee_remove(subject->optee);
		assert_int_equal(fw_n_shm(&subject->world), 0);
		assert_int_equal(fw_n_sessions(&subject->world), 0);
		fw_fini(&subject->world);
	} else {
		echo_remove(subject->echo);
	}
}

static void test_row(void **state)
{
	const struct row *row = *state;
	struct subject *subject = calloc(1, sizeof(*subject));
	struct platform_test_count counts;
	long live;
	bool passed;

	assert_non_null(subject);
	platform_test_reset();
	live = kmem_live();
	task_init(&subject->task);
	subject->task.uaccess = &uaccess_inprocess_ops;
	task_enter(&subject->task);
	if (is_optee)
		probe_optee(subject);
	else
		probe_echo(subject);
	subject->home = make_home(subject);

	passed = rows_run(&subject->home, row);

	unprobe(subject);
	task_leave(&subject->task);
	counts = platform_test_counts();
	assert_true(passed);
	assert_int_equal(counts.published, 0);
	assert_int_equal(counts.fds, 0);
	assert_int_equal(counts.pages, 0);
	assert_int_equal(counts.pinned, 0);
	assert_int_equal(kmem_live(), live);
	free(subject);
}

/* --- the program --- */

#define MAX_TESTS 256
static struct CMUnitTest tests[MAX_TESTS];
static size_t n_tests;

static void add(const struct row *row, void *data)
{
	if (n_tests == MAX_TESTS)
		abort();
	tests[n_tests++] = (struct CMUnitTest){
		.name = row->name,
		.test_func = test_row,
		.initial_state = (void *)row,
	};
}

static void print_name(const struct row *row, void *data)
{
	puts(row->name);
}

int main(int argc, char **argv)
{
	const char *driver = argc == 3 && !strcmp(argv[1], "--list") ? argv[2] : argv[1];
	struct rows_home home;

	if (argc < 2 || !driver || (strcmp(driver, "optee") && strcmp(driver, "echo")))
		return 2;
	is_optee = !strcmp(driver, "optee");
	home = make_home(NULL);
	if (argc == 3) {
		rows_for_each(&home, print_name, NULL);
		return 0;
	}
	rows_for_each(&home, add, NULL);
	return _cmocka_run_group_tests("rows", tests, n_tests, NULL, NULL);
}
