/* SPDX-License-Identifier: BSD-2-Clause */
#include "fs_supplicant.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abi/optee_rpc.h"
#include "abi/tee.h"
#include "abi/tee_result.h"
#include "base/uuid.h"
#include "fixture.h"

#define N_PARAMS 5
#define MAX_SHM 256
#define DIED_BY_PLAN 3

struct request {
	uint32_t func;	/* RECV: func; SEND: ret */
	uint32_t num_params;
	struct tee_ioctl_param params[N_PARAMS];
};

struct server {
	struct fs_supplicant_plan plan;
	int tee, dir, say, go;
	unsigned int n_requests;
	struct {
		char *va;
		size_t size;
		int fd;
	} shm[MAX_SHM];		/* by id */
	DIR *list;
};

/* --- memory --- */

/* SHM_ALLOC: our own memory, registered; its id is the answer */
static uint32_t alloc(struct server *s, struct tee_ioctl_param *param)
{
	struct tee_ioctl_shm_register_data reg = { .length = param->b };
	void *va = mmap(NULL, param->b, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd;

	CHECK(va != MAP_FAILED, "mmap");
	reg.addr = (uintptr_t)va;
	fd = ioctl(s->tee, TEE_IOC_SHM_REGISTER, &reg);
	CHECK(fd >= 0 && reg.id < MAX_SHM, "SHM_REGISTER: %s", strerror(errno));
	s->shm[reg.id].va = va;
	s->shm[reg.id].size = param->b;
	s->shm[reg.id].fd = fd;
	param->c = (uint64_t)reg.id;
	return TEE_R_SUCCESS;
}

static uint32_t release(struct server *s, const struct tee_ioctl_param *param)
{
	if (param->b >= MAX_SHM || !s->shm[param->b].va)
		return TEE_R_BAD_PARAMETERS;
	close(s->shm[param->b].fd);
	munmap(s->shm[param->b].va, s->shm[param->b].size);
	s->shm[param->b].va = NULL;
	return TEE_R_SUCCESS;
}

/* The bytes of a memref */
static char *bytes(struct server *s, const struct tee_ioctl_param *param)
{
	CHECK(param->c < MAX_SHM && s->shm[param->c].va, "memory of nobody: %llu",
	      (unsigned long long)param->c);
	CHECK(param->a + param->b <= s->shm[param->c].size, "beyond the end");
	return s->shm[param->c].va + param->a;
}

/* --- trusted applications --- */

/* From TEST_TA_DIR, where the ones of the tests are; without room for it its size */
static uint32_t load_ta(struct server *s, struct tee_ioctl_param *p)
{
	const char *ta_dir = getenv("TEST_TA_DIR");
	char path[512], uuid[UUID_STRING_LEN + 1];
	uint8_t octets[16];
	uint64_t room = p[1].b;
	off_t size;
	int fd;

	memcpy(octets, &p[0].a, 8);
	memcpy(octets + 8, &p[0].b, 8);
	uuid_to_string(octets, uuid);
	CHECK(ta_dir, "TEST_TA_DIR is not set");
	snprintf(path, sizeof(path), "%s/%s.ta", ta_dir, uuid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return TEE_R_ITEM_NOT_FOUND;
	size = lseek(fd, 0, SEEK_END);
	if (p[1].c < MAX_SHM && room >= (uint64_t)size)
		CHECK_EQ(pread(fd, bytes(s, &p[1]), (size_t)size, 0), size);
	close(fd);
	p[1].b = (uint64_t)size;
	return TEE_R_SUCCESS;
}

/* --- files --- */

static uint32_t result_of(int r)
{
	if (r >= 0)
		return TEE_R_SUCCESS;
	return errno == ENOENT ? TEE_R_ITEM_NOT_FOUND :
	       errno == EEXIST ? TEE_R_ACCESS_CONFLICT :
				 TEE_R_GENERIC;
}

static uint32_t open_file(struct server *s, struct tee_ioctl_param *p, bool create)
{
	const char *name = bytes(s, &p[1]);
	char dir[64];
	int fd;

	if (create && strchr(name, '/')) {
		snprintf(dir, sizeof(dir), "%.*s", (int)(strchr(name, '/') - name), name);
		(void)mkdirat(s->dir, dir, 0700);
	}
	fd = openat(s->dir, name, create ? O_RDWR | O_CREAT | O_TRUNC : O_RDWR, 0600);
	p[2].a = (uint64_t)(fd < 0 ? 0 : fd);
	return result_of(fd);
}

static uint32_t read_file(struct server *s, struct tee_ioctl_param *p)
{
	ssize_t n = pread((int)p[0].b, bytes(s, &p[1]), p[1].b, (off_t)p[0].c);

	p[1].b = n < 0 ? 0 : (uint64_t)n;
	return result_of((int)n);
}

static uint32_t write_file(struct server *s, struct tee_ioctl_param *p)
{
	return result_of((int)pwrite((int)p[0].b, bytes(s, &p[1]), p[1].b, (off_t)p[0].c));
}

static uint32_t open_dir(struct server *s, struct tee_ioctl_param *p)
{
	int fd = openat(s->dir, bytes(s, &p[1]), O_RDONLY | O_DIRECTORY);

	if (fd < 0)
		return TEE_R_ITEM_NOT_FOUND;
	CHECK(!s->list, "two directories at a time");
	s->list = fdopendir(fd);
	p[2].a = 1;
	return TEE_R_SUCCESS;
}

static uint32_t read_dir(struct server *s, struct tee_ioctl_param *p)
{
	struct dirent *entry;

	while ((entry = readdir(s->list)) && entry->d_name[0] == '.')
		;
	if (!entry)
		return TEE_R_ITEM_NOT_FOUND;
	p[1].b = strlen(entry->d_name) + 1;
	memcpy(bytes(s, &p[1]), entry->d_name, p[1].b);
	return TEE_R_SUCCESS;
}

static uint32_t serve_fs(struct server *s, struct tee_ioctl_param *p)
{
	switch (p[0].a) {
	case OPTEE_RPC_FS_OPEN:
		return open_file(s, p, false);
	case OPTEE_RPC_FS_CREATE:
		return open_file(s, p, true);
	case OPTEE_RPC_FS_CLOSE:
		return result_of(close((int)p[0].b));
	case OPTEE_RPC_FS_READ:
		return read_file(s, p);
	case OPTEE_RPC_FS_WRITE:
		return write_file(s, p);
	case OPTEE_RPC_FS_TRUNCATE:
		return result_of(ftruncate((int)p[0].b, (off_t)p[0].c));
	case OPTEE_RPC_FS_REMOVE:
		return result_of(unlinkat(s->dir, bytes(s, &p[1]), 0));
	case OPTEE_RPC_FS_RENAME:
		return result_of(renameat2(s->dir, bytes(s, &p[1]), s->dir, bytes(s, &p[2]),
					   p[0].b ? 0 : RENAME_NOREPLACE));
	case OPTEE_RPC_FS_OPENDIR:
		return open_dir(s, p);
	case OPTEE_RPC_FS_CLOSEDIR:
		closedir(s->list);
		s->list = NULL;
		return TEE_R_SUCCESS;
	case OPTEE_RPC_FS_READDIR:
		return read_dir(s, p);
	default:
		return TEE_R_NOT_SUPPORTED;
	}
}

/* With what the test wants to happen */
static uint32_t serve_fs_by_plan(struct server *s, struct tee_ioctl_param *p)
{
	unsigned int n = ++s->n_requests;
	uint32_t ret;
	char byte;

	if (n == s->plan.wait_at) {
		CHECK_EQ(write(s->say, "w", 1), 1);
		CHECK_EQ(read(s->go, &byte, 1), 1);
	}
	if (n == s->plan.die_at && !s->plan.die_after)
		_exit(DIED_BY_PLAN);
	ret = serve_fs(s, p);
	if (n == s->plan.die_at)
		_exit(DIED_BY_PLAN);
	return ret;
}

/* --- the process --- */

static bool receive(struct server *s, struct request *req)
{
	struct tee_ioctl_buf_data data = { .buf_ptr = (uintptr_t)req, .buf_len = sizeof(*req) };

	memset(req, 0, sizeof(*req));
	req->num_params = N_PARAMS;
	req->params[0].attr = TEE_IOCTL_PARAM_ATTR_META;
	return ioctl(s->tee, TEE_IOC_SUPPL_RECV, &data) == 0;
}

/* EBADF: who asked was killed meanwhile. */
static void answer(struct server *s, struct request *req, uint32_t ret)
{
	struct tee_ioctl_buf_data data = { .buf_ptr = (uintptr_t)req };

	data.buf_len = 8 + req->num_params * sizeof(struct tee_ioctl_param);
	req->func = ret;
	CHECK(ioctl(s->tee, TEE_IOC_SUPPL_SEND, &data) == 0 || errno == EBADF, "SEND: %s",
	      strerror(errno));
}

static uint32_t serve(struct server *s, struct request *req)
{
	struct tee_ioctl_param *params = &req->params[1];

	switch (req->func) {
	case OPTEE_RPC_CMD_SHM_ALLOC:
		return alloc(s, params);
	case OPTEE_RPC_CMD_SHM_FREE:
		return release(s, params);
	case OPTEE_RPC_CMD_LOAD_TA:
		return load_ta(s, params);
	case OPTEE_RPC_CMD_FS:
		return serve_fs_by_plan(s, params);
	default:
		return TEE_R_NOT_SUPPORTED;
	}
}

static _Noreturn void run(struct server *s)
{
	struct request req;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	s->dir = open(s->plan.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	s->tee = open("/dev/teepriv0", O_RDWR | O_CLOEXEC);
	CHECK(s->dir >= 0 && s->tee >= 0, "open %s, /dev/teepriv0: %s", s->plan.dir,
	      strerror(errno));
	CHECK_EQ(write(s->say, "r", 1), 1);
	while (receive(s, &req))
		answer(s, &req, serve(s, &req));
	_exit(1);
}

void fs_supplicant_start(struct fs_supplicant *supp, const struct fs_supplicant_plan *plan)
{
	struct server server = { .plan = *plan };
	int say[2], go[2];
	char byte;

	CHECK_EQ(pipe2(say, O_CLOEXEC), 0);
	CHECK_EQ(pipe2(go, O_CLOEXEC), 0);
	server.say = say[1];
	server.go = go[0];
	supp->pid = fork();
	CHECK(supp->pid >= 0, "fork");
	if (supp->pid == 0) {
		close(say[0]);
		close(go[1]);
		run(&server);
	}
	close(say[1]);
	close(go[0]);
	supp->said = say[0];
	supp->go = go[1];
	CHECK_EQ(read(supp->said, &byte, 1), 1);
	CHECK_EQ(byte, 'r');
}

void fs_supplicant_await(struct fs_supplicant *supp)
{
	char byte;

	CHECK_EQ(read(supp->said, &byte, 1), 1);
	CHECK_EQ(byte, 'w');
}

void fs_supplicant_go(struct fs_supplicant *supp)
{
	CHECK_EQ(write(supp->go, "g", 1), 1);
}

bool fs_supplicant_end(struct fs_supplicant *supp)
{
	int status;

	(void)kill(supp->pid, SIGKILL);
	CHECK_EQ(waitpid(supp->pid, &status, 0), supp->pid);
	close(supp->said);
	close(supp->go);
	CHECK(WIFSIGNALED(status) || WEXITSTATUS(status) == DIED_BY_PLAN,
	      "the supplicant of the test failed: status 0x%x", status);
	return WIFEXITED(status);
}
