/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Clients that change what swteed looks at while it looks, and processes that hand
 * in something else than a listener: errors, and swteed goes on.
 */
#include "raw_client.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abi/front.h"
#include "abi/trap.h"
#include "fixture.h"
#include "hello_world_ta.h"

static const TEEC_UUID hello = TA_HELLO_WORLD_UUID;

#define ROUNDS 3000

static atomic_bool stop;

static void still_alive(void)
{
	int tee = raw_tee();
	uint32_t session = raw_session(tee, &hello);
	uint64_t a = 1;

	RAW_CHECK(raw_invoke_value(tee, session, TA_HELLO_WORLD_CMD_INCREMENT, &a) == 0 && a == 2,
		  "%llu", (unsigned long long)a);
	raw_close_session(tee, session);
	close(tee);
}

/* --- memory that changes, and goes --- */

/* Another process: to change memory of one's own that is in use is a race in itself. */
static void scribble(struct raw_invoke *invoke)
{
	unsigned int seed = 1;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		volatile uint8_t *at = (uint8_t *)invoke + rand_r(&seed) % sizeof(*invoke);

		*at = (uint8_t)rand_r(&seed);
	}
}

static void memory_changes(void)
{
	struct raw_invoke *invoke = mmap(NULL, sizeof(*invoke), PROT_READ | PROT_WRITE,
					 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int tee = raw_tee();
	uint32_t session = raw_session(tee, &hello);
	pid_t pid;

	RAW_CHECK(invoke != MAP_FAILED, "mmap");
	pid = fork();
	if (pid == 0)
		scribble(invoke);
	for (unsigned int i = 0; i < scaled(ROUNDS); i++) {
		int r;

		memset(invoke, 0, sizeof(*invoke));
		invoke->params[0].attr = TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INOUT;
		r = raw_invoke(tee, session, TA_HELLO_WORLD_CMD_INCREMENT, invoke);
		RAW_CHECK(r == 0 || r == -EINVAL || r == -EFAULT, "%d", r);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	munmap(invoke, sizeof(*invoke));
	close(tee);
}

static char *shared_page;

static void *path_thread(void *data)
{
	while (!atomic_load(&stop)) {
		strcpy(shared_page, "/dev/tee0");
		strcpy(shared_page, "/dev/null");
		mprotect(shared_page, 4096, PROT_NONE);
		mprotect(shared_page, 4096, PROT_READ | PROT_WRITE);
	}
	return NULL;
}

/* A path that is one thing when swteed reads it and another when the kernel does */
static void path_changes(void)
{
	pthread_t thread;

	shared_page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	RAW_CHECK(shared_page != MAP_FAILED, "mmap");
	atomic_store(&stop, false);
	pthread_create(&thread, NULL, path_thread, NULL);
	for (unsigned int i = 0; i < scaled(ROUNDS); i++) {
		int fd = raw_open(shared_page, O_RDWR | O_CLOEXEC);

		/* /dev/tee0 may be seen by the kernel, which has none, and a mixture too. */
		RAW_CHECK(fd >= 0 || errno == ENOENT || errno == EFAULT || errno == EISDIR, "%d",
			  errno);
		close(fd);
	}
	atomic_store(&stop, true);
	pthread_join(thread, NULL);
	munmap(shared_page, 4096);
}

/* --- a descriptor that is another one from moment to moment --- */

static void *dup_thread(void *data)
{
	int number = *(int *)data, other = raw_tee(), null = raw_open("/dev/null", O_RDWR);

	while (!atomic_load(&stop)) {
		dup2(other, number);
		dup2(null, number);
		close(number);
		close(other);
		other = raw_tee();
	}
	close(other);
	close(null);
	return NULL;
}

static void descriptor_changes(void)
{
	int number = raw_tee(), high = fcntl(number, F_DUPFD_CLOEXEC, 400);
	pthread_t thread;

	atomic_store(&stop, false);
	pthread_create(&thread, NULL, dup_thread, &high);
	for (unsigned int i = 0; i < scaled(ROUNDS); i++) {
		struct tee_ioctl_version_data version;
		struct tee_ioctl_shm_alloc_data shm = { .size = 4096 };
		int r = raw_error(high, TEE_IOC_VERSION, &version);

		RAW_CHECK(r == 0 || r == -EBADF || r == -ENOTTY, "%d", r);
		r = raw_error(high, TEE_IOC_SHM_ALLOC, &shm);
		RAW_CHECK(r >= 0 || r == -EBADF || r == -ENOTTY, "%d", r);
		if (r >= 0)
			close(r);
	}
	atomic_store(&stop, true);
	pthread_join(thread, NULL);
	close(high);
	close(number);
}

/* --- what is none of swteed's --- */

static void foreign_descriptors(void)
{
	struct tee_ioctl_version_data version;
	int pair[2], event = eventfd(0, EFD_CLOEXEC);

	RAW_CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0, "socketpair");
	RAW_CHECK(raw_error(pair[0], TEE_IOC_VERSION, &version) == -ENOTTY, "%d", errno);
	RAW_CHECK(raw_error(event, TEE_IOC_VERSION, &version) == -ENOTTY, "%d", errno);
	RAW_CHECK(raw_error(-1, TEE_IOC_VERSION, &version) == -EBADF, "%d", errno);
	close(pair[0]);
	close(pair[1]);
	close(event);
}

static int connect_trap(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/" TRAP_SOCKET, getenv(FRONT_ENV));
	RAW_CHECK(connect(sock, (struct sockaddr *)&addr, sizeof(addr)) == 0, "%s",
		  strerror(errno));
	return sock;
}

/* The answer to @size bytes of @hello and maybe a descriptor */
static int hand_in(const void *hello_msg, size_t size, int fd)
{
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec iov = { .iov_base = (void *)hello_msg, .iov_len = size };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct trap_answer answer;
	int sock = connect_trap();

	if (fd >= 0) {
		struct cmsghdr *c;

		msg.msg_control = control.buf;
		msg.msg_controllen = sizeof(control.buf);
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	}
	RAW_CHECK(sendmsg(sock, &msg, MSG_NOSIGNAL) == (ssize_t)size, "%s", strerror(errno));
	RAW_CHECK(recv(sock, &answer, sizeof(answer), 0) == sizeof(answer), "no answer");
	close(sock);
	return answer.error;
}

static void garbage_for_a_listener(void)
{
	const struct trap_hello good = { .version = TRAP_VERSION };
	const struct trap_hello old = { .version = TRAP_VERSION + 1 };
	int null = raw_open("/dev/null", O_RDWR), event = eventfd(0, EFD_CLOEXEC), tee = raw_tee();

	RAW_CHECK(hand_in(&good, sizeof(good), null) == -EINVAL, "a file is no listener");
	RAW_CHECK(hand_in(&good, sizeof(good), event) == -EINVAL, "an eventfd is no listener");
	RAW_CHECK(hand_in(&good, sizeof(good), tee) == -EINVAL, "a context is no listener");
	RAW_CHECK(hand_in(&good, sizeof(good), -1) == -EINVAL, "nothing is no listener");
	RAW_CHECK(hand_in(&old, sizeof(old), null) == -EPROTO, "another version");
	RAW_CHECK(hand_in(&good, 3, null) == -EPROTO, "a short message");
	for (int i = 0; i < 50; i++)
		close(connect_trap());
	close(null);
	close(event);
	close(tee);
}

int main(void)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} tests[] = {
		{ "memory_changes", memory_changes },
		{ "path_changes", path_changes },
		{ "descriptor_changes", descriptor_changes },
		{ "foreign_descriptors", foreign_descriptors },
		{ "garbage_for_a_listener", garbage_for_a_listener },
	};

	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		fprintf(stderr, "%s\n", tests[i].name);
		tests[i].run();
		still_alive();
	}
	return 0;
}
