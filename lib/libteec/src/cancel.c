/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Cancellation
 *
 * TEEC_RequestCancellation() comes from another thread than the call that it
 * is to cancel, and that call may end at any moment; then its client closes the
 * session, and the numbers of session and descriptor come to stand for others.
 * So the canceller holds the operation while it uses the session, and the call
 * does not return before the canceller has let go.
 *
 * TEEC_Operation.started is the state. Its owner moves it from RUNNING to ENDED;
 * a canceller from RUNNING to HELD and back. An owner that finds it HELD waits
 * for cancel_lock, which a canceller has throughout. Nobody else takes the lock:
 * a call that is not cancelled costs two atomic accesses.
 */
#include <pthread.h>
#include <sys/ioctl.h>

#include "teec.h"

/* Unlike what clients put there: some set 1 instead of the 0 they should. */
#define STARTED_RUNNING 0x52554e53
#define STARTED_HELD 0x48454c44
#define STARTED_ENDED 1

static pthread_mutex_t cancel_lock = PTHREAD_MUTEX_INITIALIZER;

static bool started_move(TEEC_Operation *operation, uint32_t from, uint32_t to)
{
	return __atomic_compare_exchange_n(&operation->started, &from, to, false,
					   __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

static void started_set(TEEC_Operation *operation, uint32_t to)
{
	__atomic_store_n(&operation->started, to, __ATOMIC_RELEASE);
}

void teec_operation_begin(TEEC_Operation *operation, TEEC_Session *session)
{
	if (!operation)
		return;
	operation->imp.session = session;
	started_set(operation, session ? STARTED_RUNNING : STARTED_ENDED);
}

void teec_operation_end(TEEC_Operation *operation)
{
	if (!operation || started_move(operation, STARTED_RUNNING, STARTED_ENDED))
		return;
	(void)pthread_mutex_lock(&cancel_lock);
	started_set(operation, STARTED_ENDED);
	(void)pthread_mutex_unlock(&cancel_lock);
}

TEEC_EXPORT void TEEC_RequestCancellation(TEEC_Operation *operation)
{
	if (!operation)
		return;

	(void)pthread_mutex_lock(&cancel_lock);
	if (started_move(operation, STARTED_RUNNING, STARTED_HELD)) {
		const TEEC_Session *session = operation->imp.session;
		struct tee_ioctl_cancel_arg arg = { .session = session->imp.session_id };

		/* A request may fail, for example if the TEE does not know how. */
		(void)ioctl(session->imp.ctx->imp.fd, TEE_IOC_CANCEL, &arg);
		started_set(operation, STARTED_RUNNING);
	}
	(void)pthread_mutex_unlock(&cancel_lock);
}
