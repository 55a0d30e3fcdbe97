/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What can happen to a thread that is in an ioctl: signals, cancellation of its call
 * by another thread, cancellation of the thread itself.
 */
#include "fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "abi/tee.h"
#include "abi/tee_result.h"
#include "test_tas.h"

static const TEEC_UUID session_ta = TEST_TA_SESSION_UUID;

static atomic_int n_handled;

static void handler(int sig)
{
	atomic_fetch_add(&n_handled, 1);
}

static void handle(int sig, int flags)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = flags };

	CHECK_EQ(sigaction(sig, &action, NULL), 0);
}

/* --- signals --- */

struct receiver {
	pthread_t thread;
	int tee;
	atomic_bool done;
	int error;
};

static void *receive(void *data)
{
	union {
		struct tee_iocl_supp_recv_arg arg;
		uint8_t room[sizeof(struct tee_iocl_supp_recv_arg) +
			     5 * sizeof(struct tee_ioctl_param)];
	} req = { .room = { 0 } };
	struct tee_ioctl_buf_data buf = { (uintptr_t)&req, sizeof(req) };
	struct receiver *receiver = data;

	req.arg.num_params = 5;
	req.arg.params[0].attr = TEE_IOCTL_PARAM_ATTR_META;
	receiver->error = ioctl(receiver->tee, TEE_IOC_SUPPL_RECV, &buf) < 0 ? errno : 0;
	atomic_store(&receiver->done, true);
	return NULL;
}

static void receiver_start(struct receiver *receiver)
{
	memset(receiver, 0, sizeof(*receiver));
	receiver->tee = open("/dev/teepriv0", O_RDWR | O_CLOEXEC);
	CHECK(receiver->tee >= 0, "open /dev/teepriv0: %s", strerror(errno));
	CHECK_EQ(pthread_create(&receiver->thread, NULL, receive, receiver), 0);
}

/* core N114: a supplicant that waits for a request is woken by a signal. */
static void check_interrupt(void)
{
	struct receiver receiver;

	receiver_start(&receiver);
	/* Again and again: one that comes before the wait begins does not end it. */
	while (!atomic_load(&receiver.done)) {
		pthread_kill(receiver.thread, SIGUSR1);
		sleep_ms(2);
	}
	pthread_join(receiver.thread, NULL);
	CHECK_EQ(receiver.error, EINTR);
	close(receiver.tee);
}

/*
 * With SA_RESTART the same wait goes on after the handler, as often as it comes. Not
 * under ThreadSanitizer, which runs a handler only when the thread leaves its wait.
 */
static void check_restart(void)
{
#ifndef __SANITIZE_THREAD__
	struct receiver receiver;
	int before = atomic_load(&n_handled);

	receiver_start(&receiver);
	while (atomic_load(&n_handled) < before + 20) {
		pthread_kill(receiver.thread, SIGUSR2);
		sleep_ms(2);
	}
	CHECK(!atomic_load(&receiver.done), "ended with %s", strerror(receiver.error));
	while (!atomic_load(&receiver.done)) {
		pthread_kill(receiver.thread, SIGUSR1);
		sleep_ms(2);
	}
	pthread_join(receiver.thread, NULL);
	CHECK_EQ(receiver.error, EINTR);
	close(receiver.tee);
#endif
}

/* --- calls --- */

struct waiter {
	pthread_t thread;
	struct client *client;
	uint32_t ms;
	bool cancellable;
	TEEC_Operation op;
	atomic_bool done;
	TEEC_Result result;
	uint32_t origin;
};

static void *wait_in_ta(void *data)
{
	struct waiter *waiter = data;
	TEEC_Operation *op = &waiter->op;

	op->paramTypes = TEEC_PARAM_TYPES(TEEC_VALUE_INPUT, TEEC_VALUE_OUTPUT, TEEC_NONE,
					  TEEC_NONE);
	op->params[0].value.a = waiter->ms;
	op->params[0].value.b = waiter->cancellable;
	waiter->result = TEEC_InvokeCommand(&waiter->client->session, TEST_SESSION_CMD_WAIT, op,
					    &waiter->origin);
	atomic_store(&waiter->done, true);
	return NULL;
}

static void waiter_start(struct waiter *waiter, struct client *client, uint32_t ms,
			 bool cancellable)
{
	memset(waiter, 0, sizeof(*waiter));
	waiter->client = client;
	waiter->ms = ms;
	waiter->cancellable = cancellable;
	CHECK_EQ(pthread_create(&waiter->thread, NULL, wait_in_ta, waiter), 0);
}

/* A signal does not end a call in the TEE, nor make it begin again. */
static void check_call_once(struct client *client)
{
	struct waiter waiter;
	int before = atomic_load(&n_handled);
	uint32_t n;

	waiter_start(&waiter, client, 1, false);
	pthread_join(waiter.thread, NULL);
	n = waiter.op.params[1].value.a;

	waiter_start(&waiter, client, 100, false);
	while (!atomic_load(&waiter.done)) {
		pthread_kill(waiter.thread, SIGUSR1);
		pthread_kill(waiter.thread, SIGUSR2);
		sleep_ms(1);
	}
	pthread_join(waiter.thread, NULL);
	CHECK_EQ(waiter.result, TEEC_SUCCESS);
	CHECK_EQ(waiter.op.params[1].value.a, n + 1);
	CHECK(atomic_load(&n_handled) > before, "no signal was handled");
}

static int cancel(struct client *client, uint32_t session)
{
	struct tee_ioctl_cancel_arg arg = { .cancel_id = 0, .session = session };

	return ioctl(client->ctx.imp.fd, TEE_IOC_CANCEL, &arg) < 0 ? errno : 0;
}

/* Another thread asks for the end: a TA that looks ends, one that does not goes on. */
static void check_cancel(struct client *client)
{
	struct waiter waiter;

	waiter_start(&waiter, client, 60000, true);
	/* Again and again: one that comes before the call does has no effect. */
	while (!atomic_load(&waiter.done)) {
		TEEC_RequestCancellation(&waiter.op);
		sleep_ms(2);
	}
	pthread_join(waiter.thread, NULL);
	CHECK_EQ(waiter.result, TEEC_ERROR_CANCEL);
	CHECK_EQ(waiter.origin, TEEC_ORIGIN_TRUSTED_APP);
	CHECK_EQ(waiter.op.params[1].value.b, 1);

	waiter_start(&waiter, client, 100, false);
	while (!atomic_load(&waiter.done)) {
		CHECK_EQ(cancel(client, client->session.imp.session_id), 0);
		sleep_ms(2);
	}
	pthread_join(waiter.thread, NULL);
	CHECK_EQ(waiter.result, TEEC_SUCCESS);
	CHECK_EQ(waiter.op.params[1].value.b, 0);

	/* core N100, N101 */
	CHECK_EQ(cancel(client, client->session.imp.session_id + 77), EINVAL);
	CHECK_EQ(cancel(client, 0), EINVAL);
	CHECK_EQ(cancel(client, client->session.imp.session_id), 0);
	/* ... and what came too late is not held against the next call. */
	waiter_start(&waiter, client, 1, true);
	pthread_join(waiter.thread, NULL);
	CHECK_EQ(waiter.result, TEEC_SUCCESS);
}

/* --- threads that are cancelled --- */

static void *receive_async(void *data)
{
	int old;

	(void)pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &old);
	return receive(data);
}

static void *wait_async(void *data)
{
	int old;

	(void)pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &old);
	return wait_in_ta(data);
}

static void check_thread_cancelled(struct client *client)
{
	struct receiver receiver = { 0 };
	struct waiter waiter;

	/* In a wait that nothing else would ever end */
	for (unsigned int i = 0; i < scaled(40); i++) {
		receiver.tee = open("/dev/teepriv0", O_RDWR | O_CLOEXEC);
		CHECK(receiver.tee >= 0, "open /dev/teepriv0: %s", strerror(errno));
		CHECK_EQ(pthread_create(&receiver.thread, NULL, receive_async, &receiver), 0);
		sleep_ms(i % 4);
		pthread_cancel(receiver.thread);
		CHECK_EQ(pthread_join(receiver.thread, NULL), 0);
		CHECK(!atomic_load(&receiver.done), "%u: it ended by itself: %s", i,
		      strerror(receiver.error));
		close(receiver.tee);
	}
	/* In a call: the trusted application ends it in its own time, alone. */
	for (unsigned int i = 0; i < scaled(40); i++) {
		memset(&waiter, 0, sizeof(waiter));
		waiter.client = client;
		waiter.ms = 20;
		CHECK_EQ(pthread_create(&waiter.thread, NULL, wait_async, &waiter), 0);
		sleep_ms(i % 4);
		pthread_cancel(waiter.thread);
		CHECK_EQ(pthread_join(waiter.thread, NULL), 0);
	}
	waiter_start(&waiter, client, 1, false);
	pthread_join(waiter.thread, NULL);
	CHECK_EQ(waiter.result, TEEC_SUCCESS);
}

int main(void)
{
	struct instance instance;
	struct counts before;
	struct client client;

	handle(SIGUSR1, 0);
	handle(SIGUSR2, SA_RESTART);
	instance_find(&instance);
	client_open(&client, &session_ta);
	check_call_once(&client);
	instance_warm_up(&instance);
	counts_take(&instance, &before);
	check_interrupt();
	check_restart();
	check_call_once(&client);
	check_cancel(&client);
	check_thread_cancelled(&client);
	counts_settle(&instance, &before);
	client_close(&client);
	return 0;
}
