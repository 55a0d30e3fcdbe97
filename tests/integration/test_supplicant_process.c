/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A supplicant process on /dev/teepriv0 gets the requests of the trusted OS; without
 * one swteed serves them itself. One opener at a time; a supplicant that dies in the
 * middle of a request fails that request, not the device.
 */
#include "fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abi/optee_rpc.h"
#include "abi/tee.h"
#include "abi/tee_result.h"
#include "hello_world_ta.h"

static const TEEC_UUID hello = TA_HELLO_WORLD_UUID;

#define N_PARAMS 5

struct request {
	uint32_t func;	/* RECV: func; SEND: ret */
	uint32_t num_params;
	struct tee_ioctl_param params[N_PARAMS];
};

struct supplicant {
	int tee;
	int n_load_ta;
	int n_others;
	void *va[64];	/* of shared memory, by id */
	size_t size[64];
};

static int open_privileged(void)
{
	int fd = open("/dev/teepriv0", O_RDWR | O_CLOEXEC);

	CHECK(fd >= 0, "open /dev/teepriv0: %s", strerror(errno));
	return fd;
}

static bool receive(struct supplicant *supp, struct request *req)
{
	struct tee_ioctl_buf_data data = { .buf_ptr = (uintptr_t)req, .buf_len = sizeof(*req) };

	memset(req, 0, sizeof(*req));
	req->num_params = N_PARAMS;
	req->params[0].attr = TEE_IOCTL_PARAM_ATTR_META;
	return ioctl(supp->tee, TEE_IOC_SUPPL_RECV, &data) == 0;
}

static void answer(struct supplicant *supp, struct request *req, uint32_t ret)
{
	struct tee_ioctl_buf_data data = { .buf_ptr = (uintptr_t)req };

	data.buf_len = 8 + req->num_params * sizeof(struct tee_ioctl_param);
	req->func = ret;
	CHECK(ioctl(supp->tee, TEE_IOC_SUPPL_SEND, &data) == 0, "SEND: %s", strerror(errno));
}

/* SHM_ALLOC: our own memory, registered; its id is the answer */
static uint32_t alloc(struct supplicant *supp, struct tee_ioctl_param *param)
{
	struct tee_ioctl_shm_register_data reg = { .length = param->b };
	void *va = mmap(NULL, param->b, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd;

	CHECK(va != MAP_FAILED, "mmap");
	reg.addr = (uintptr_t)va;
	fd = ioctl(supp->tee, TEE_IOC_SHM_REGISTER, &reg);
	CHECK(fd >= 0 && reg.id < 64, "SHM_REGISTER: %s", strerror(errno));
	supp->va[reg.id] = va;
	supp->size[reg.id] = param->b;
	param->c = (uint64_t)reg.id;
	return TEE_R_SUCCESS;
}

/* The same image that swteed would load, from the file named in the environment. */
static uint32_t load_ta(struct supplicant *supp, struct tee_ioctl_param *params)
{
	const char *path = getenv("TEST_TA_FILE");
	int fd = open(path ? path : "", O_RDONLY | O_CLOEXEC);
	off_t size = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);
	uint64_t room = params[1].b, id = params[1].c;

	CHECK(size > 0, "TEST_TA_FILE=%s: %s", path ? path : "(unset)", strerror(errno));
	supp->n_load_ta++;
	params[1].b = (uint64_t)size;
	if (id < 64 && supp->va[id] && room >= (uint64_t)size)
		CHECK_EQ(pread(fd, (char *)supp->va[id] + params[1].a, (size_t)size, 0), size);
	close(fd);
	return TEE_R_SUCCESS;
}

static void serve(struct supplicant *supp, struct request *req)
{
	uint32_t ret = TEE_R_NOT_SUPPORTED;

	switch (req->func) {
	case OPTEE_RPC_CMD_SHM_ALLOC:
		ret = alloc(supp, &req->params[1]);
		break;
	case OPTEE_RPC_CMD_SHM_FREE:
		ret = TEE_R_SUCCESS;
		break;
	case OPTEE_RPC_CMD_LOAD_TA:
		ret = load_ta(supp, &req->params[1]);
		break;
	default:
		supp->n_others++;
		break;
	}
	answer(supp, req, ret);
}

/* Serve until killed; tell the parent by a byte a LOAD_TA. */
static void supplicant_main(int tell, bool die_on_load)
{
	struct supplicant supp = { .tee = open_privileged() };
	struct request req;

	CHECK_EQ(open("/dev/teepriv0", O_RDWR), -1);
	CHECK_EQ(errno, EBUSY);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	CHECK_EQ(write(tell, "r", 1), 1);
	while (receive(&supp, &req)) {
		if (die_on_load && req.func == OPTEE_RPC_CMD_LOAD_TA)
			_exit(3);
		serve(&supp, &req);
		if (supp.n_load_ta && req.num_params)
			CHECK_EQ(write(tell, "l", 1), 1);
	}
	_exit(1);
}

static pid_t start_supplicant(bool die_on_load, int *ret_tell)
{
	int tell[2];
	char byte;
	pid_t pid;

	CHECK_EQ(pipe(tell), 0);
	pid = fork();
	CHECK(pid >= 0, "fork");
	if (pid == 0)
		supplicant_main(tell[1], die_on_load);
	close(tell[1]);
	CHECK_EQ(read(tell[0], &byte, 1), 1);
	*ret_tell = tell[0];
	return pid;
}

static void check_hello(void)
{
	struct client client;
	uint32_t value;

	client_open(&client, &hello);
	CHECK_EQ(client_invoke(&client, TA_HELLO_WORLD_CMD_INCREMENT, 41, &value, NULL), 0);
	CHECK_EQ(value, 42);
	client_close(&client);
}

int main(int argc, char **argv)
{
	struct client client;
	uint32_t origin = 0;
	TEEC_Result res;
	int tell, status;
	char byte;
	pid_t pid;

	/* Without one */
	check_hello();

	/* With one: it is asked. */
	pid = start_supplicant(false, &tell);
	check_hello();
	CHECK_EQ(read(tell, &byte, 1), 1);
	CHECK_EQ(byte, 'l');
	check_hello();
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	close(tell);

	/* Killed while idle: swteed serves again, and the device can be opened again. */
	check_hello();

	/* Dies in the middle of a request */
	pid = start_supplicant(true, &tell);
	res = client_try_open(&client, &hello, &origin);
	CHECK(res == TEEC_ERROR_COMMUNICATION || res == TEEC_ERROR_ITEM_NOT_FOUND,
	      "result 0x%08x, origin %u", res, origin);
	waitpid(pid, &status, 0);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 3, "status %d", status);
	close(tell);
	check_hello();

	/* Close and open again at once, time and again */
	for (int i = 0; i < 50; i++)
		close(open_privileged());
	return 0;
}
