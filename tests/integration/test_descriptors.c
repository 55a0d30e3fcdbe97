/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An open device behaves as a file: dup, fork, exec, passing over a socket, several
 * threads on one descriptor, stdio. One context behind all copies; it ends with the
 * last of them.
 */
#include "fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abi/tee.h"
#include "base/fdsock.h"

static int must_open(void)
{
	int fd = open("/dev/tee0", O_RDWR | O_CLOEXEC);

	CHECK(fd >= 0, "open: %s", strerror(errno));
	return fd;
}

static void check_works(int tee)
{
	struct tee_ioctl_version_data version = { 0 };

	CHECK(ioctl(tee, TEE_IOC_VERSION, &version) == 0, "VERSION: %s", strerror(errno));
	CHECK_EQ(version.impl_id, TEE_IMPL_ID_OPTEE);
}

/* Id of a fresh allocation, which stays while *ret_fd is open */
static int alloc(int tee, int *ret_fd)
{
	struct tee_ioctl_shm_alloc_data data = { .size = 4096 };

	*ret_fd = ioctl(tee, TEE_IOC_SHM_ALLOC, &data);
	CHECK(*ret_fd >= 0, "SHM_ALLOC: %s", strerror(errno));
	return data.id;
}

/* EINVAL for both, but only a known id gets as far as the session. */
static int id_is_known(int tee, int id)
{
	union {
		struct tee_ioctl_open_session_arg arg;
		uint8_t room[sizeof(struct tee_ioctl_open_session_arg) +
			     sizeof(struct tee_ioctl_param)];
	} open = { .arg = { .num_params = 1 } };
	struct tee_ioctl_buf_data data = { (uintptr_t)&open, sizeof(open) };

	open.arg.params[0] = (struct tee_ioctl_param){ TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INPUT, 0,
						       0, (uint64_t)id };
	return ioctl(tee, TEE_IOC_OPEN_SESSION, &data) == 0;
}

static int child_status(pid_t pid)
{
	int status;

	CHECK_EQ(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static void check_dup(void)
{
	int tee = must_open(), copy = dup(tee), shm, id;

	id = alloc(tee, &shm);
	CHECK(id_is_known(copy, id), "a copy is another context");
	close(tee);
	check_works(copy);
	CHECK(id_is_known(copy, id), "the context ended before its last copy");
	/* The number is reused for another context at once. */
	tee = must_open();
	CHECK(!id_is_known(tee, id), "a new context sees the old one's memory");
	check_works(tee);
	CHECK_EQ(dup2(copy, tee), tee);
	CHECK(id_is_known(tee, id), "dup2 was not noticed");
	close(tee);
	close(copy);
	close(shm);
}

static void check_fork(void)
{
	int tee = must_open(), shm, id = alloc(tee, &shm);
	pid_t pid;

	check_works(tee);
	pid = fork();
	if (pid == 0) {
		/* The parent's lane is not ours; the context is. */
		check_works(tee);
		CHECK(id_is_known(tee, id), "a child does not share the context");
		_exit(5);
	}
	check_works(tee);
	CHECK_EQ(child_status(pid), 5);
	check_works(tee);
	CHECK(id_is_known(tee, id), "the child's end took the context along");
	close(shm);
	close(tee);
}

static void check_exec(const char *self)
{
	int tee = must_open(), shm;
	char number[16], id[16];
	pid_t pid;

	snprintf(id, sizeof(id), "%d", alloc(tee, &shm));
	CHECK_EQ(fcntl(tee, F_SETFD, 0), 0);
	snprintf(number, sizeof(number), "%d", tee);
	pid = fork();
	if (pid == 0) {
		execl(self, self, "--inherited", number, id, (char *)NULL);
		_exit(99);
	}
	CHECK_EQ(child_status(pid), 0);
	close(shm);
	close(tee);
}

static void check_passing(void)
{
	int pair[2], tee, shm, id;
	size_t n;
	pid_t pid;
	char byte;

	CHECK_EQ(fdsock_pair(pair), 0);
	pid = fork();
	if (pid == 0) {
		int got = -1;

		CHECK_EQ(fdsock_recv(pair[1], &id, sizeof(id), &got, 1, &n, NULL, 0), sizeof(id));
		check_works(got);
		CHECK(id_is_known(got, id), "a passed descriptor is another context");
		CHECK_EQ(write(pair[1], "x", 1), 1);
		/* The sender closes its own now. */
		CHECK_EQ(read(pair[1], &byte, 1), 1);
		CHECK(id_is_known(got, id), "the context ended with its first holder");
		_exit(6);
	}
	tee = must_open();
	id = alloc(tee, &shm);
	CHECK_EQ(fdsock_send(pair[0], &id, sizeof(id), &tee, 1), 0);
	CHECK_EQ(read(pair[0], &byte, 1), 1);
	close(tee);
	CHECK_EQ(write(pair[0], "y", 1), 1);
	CHECK_EQ(child_status(pid), 6);
	close(shm);
	close(pair[0]);
	close(pair[1]);
}

static void *thread_main(void *data)
{
	int tee = *(int *)data;

	for (unsigned int i = 0; i < scaled(2000); i++) {
		int shm, id;

		check_works(tee);
		id = alloc(tee, &shm);
		CHECK(id_is_known(tee, id), "id %d", id);
		close(shm);
	}
	return NULL;
}

/* Each thread must get the descriptor that it asked for. */
static void check_threads(void)
{
	pthread_t threads[4];
	int tee = must_open();

	for (int i = 0; i < 4; i++)
		CHECK_EQ(pthread_create(&threads[i], NULL, thread_main, &tee), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	close(tee);
}

static void check_names(void)
{
	struct stat st;
	FILE *f;
	int dir, fd;

	CHECK_EQ(stat("/dev/tee0", &st), 0);
	CHECK(S_ISCHR(st.st_mode), "mode %o", st.st_mode);
	CHECK_EQ(lstat("/dev/teepriv0", &st), 0);
	CHECK_EQ(access("/dev/tee0", R_OK | W_OK), 0);
	CHECK_EQ(access("/dev/tee9", F_OK), -1);
	CHECK_EQ(errno, ENOENT);
	CHECK_EQ(faccessat(AT_FDCWD, "/dev/tee0", F_OK, 0), 0);

	fd = open64("/dev/tee0", O_RDWR);
	CHECK(fd >= 0, "open64");
	CHECK_EQ(fcntl(fd, F_GETFD), 0);
	check_works(fd);
	close(fd);
	dir = open("/dev", O_RDONLY | O_DIRECTORY);
	fd = openat(dir, "tee0", O_RDWR);
	CHECK(fd >= 0, "openat: %s", strerror(errno));
	check_works(fd);
	close(fd);
	close(dir);
	f = fopen("/dev/tee0", "r+");
	CHECK(f, "fopen: %s", strerror(errno));
	check_works(fileno(f));
	fclose(f);
}

/* In the new image: the descriptor is there, its context too; so is the shm's. */
static int inherited(const char *number, const char *id)
{
	int tee = atoi(number);

	check_works(tee);
	CHECK(id_is_known(tee, atoi(id)), "the context did not survive exec");
	return 0;
}

int main(int argc, char **argv)
{
	struct instance instance;
	struct counts before;

	if (argc == 4 && !strcmp(argv[1], "--inherited"))
		return inherited(argv[2], argv[3]);
	instance_find(&instance);
	check_dup();
	instance_warm_up(&instance);
	counts_take(&instance, &before);

	check_names();
	check_dup();
	check_fork();
	check_exec(argv[0]);
	check_passing();
	check_threads();
	counts_settle(&instance, &before);
	return 0;
}
