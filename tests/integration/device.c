/* SPDX-License-Identifier: BSD-2-Clause */
#include "device.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "abi/front.h"
#include "abi/tee.h"
#include "fixture.h"
#include "shared_memory_ta.h"

static void parse_uuid(const char *s, uint8_t uuid[16])
{
	for (int i = 0; i < 16; i++) {
		unsigned int byte;

		s += *s == '-';
		CHECK_EQ(sscanf(s, "%2x", &byte), 1);
		uuid[i] = (uint8_t)byte;
		s += 2;
	}
}

void device_open(struct device *device, const char *uuid)
{
	struct tee_ioctl_open_session_arg arg = { .clnt_login = TEE_IOCTL_LOGIN_PUBLIC };
	struct tee_ioctl_buf_data data = { (uintptr_t)&arg, sizeof(arg) };

	device->fd = open("/dev/tee0", O_RDWR | O_CLOEXEC);
	CHECK(device->fd >= 0, "/dev/tee0: %s", strerror(errno));
	parse_uuid(uuid, arg.uuid);
	CHECK(ioctl(device->fd, TEE_IOC_OPEN_SESSION, &data) == 0, "%s", strerror(errno));
	CHECK(arg.ret == TEEC_SUCCESS, "0x%08x", arg.ret);
	device->session = arg.session;
}

void device_close(struct device *device)
{
	close(device->fd);
}

int device_register(const struct device *device, const void *addr, size_t size, int *ret_id)
{
	struct tee_ioctl_shm_register_data data = { .addr = (uintptr_t)addr, .length = size };
	int fd = ioctl(device->fd, TEE_IOC_SHM_REGISTER, &data);

	if (fd < 0)
		return -errno;
	CHECK_EQ(data.length, size);
	CHECK_EQ(data.flags, 0);
	*ret_id = data.id;
	return fd;
}

int device_must_register(const struct device *device, const void *addr, size_t size, int *ret_id)
{
	int fd = device_register(device, addr, size, ret_id);

	CHECK(fd >= 0, "SHM_REGISTER of %zu bytes: %s", size, strerror(-fd));
	return fd;
}

int device_invoke(const struct device *device, uint32_t cmd, struct device_memref *memref,
		  uint32_t a, uint32_t b, uint32_t *ret_a, uint32_t *ret_res)
{
	union {
		struct tee_ioctl_invoke_arg arg;
		uint8_t room[sizeof(struct tee_ioctl_invoke_arg) +
			     2 * sizeof(struct tee_ioctl_param)];
	} invoke = { .arg = { .func = cmd, .session = device->session, .num_params = 2 } };
	struct tee_ioctl_buf_data data = { (uintptr_t)&invoke, sizeof(invoke) };
	struct tee_ioctl_param *params = invoke.arg.params;

	params[0] = (struct tee_ioctl_param){ memref->attr, memref->offset, memref->size,
					      (uint64_t)memref->id };
	params[1] = (struct tee_ioctl_param){ ret_a ? TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_OUTPUT :
						      TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INPUT,
					      a, b, 0 };
	if (ioctl(device->fd, TEE_IOC_INVOKE, &data) < 0)
		return -errno;
	memref->size = params[0].b;
	if (ret_a)
		*ret_a = (uint32_t)params[1].a;
	*ret_res = invoke.arg.ret;
	return 0;
}

uint32_t device_sum(const struct device *device, int id, size_t offset, size_t size)
{
	struct device_memref m = { TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INPUT, id, offset, size };
	uint32_t sum = 0, res = 0;
	int r = device_invoke(device, TA_SHARED_MEMORY_CMD_SUM, &m, 0, 0, &sum, &res);

	CHECK(r == 0, "%s", strerror(-r));
	CHECK_EQ(res, TEEC_SUCCESS);
	return sum;
}

void device_xor(const struct device *device, int id, size_t offset, size_t size, uint8_t with)
{
	struct device_memref m = { TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INOUT, id, offset, size };
	uint32_t res = 0;
	int r = device_invoke(device, TA_SHARED_MEMORY_CMD_XOR, &m, with, 0, NULL, &res);

	CHECK(r == 0, "%s", strerror(-r));
	CHECK_EQ(res, TEEC_SUCCESS);
}

uint8_t *pages_new(size_t size)
{
	void *addr = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(addr != MAP_FAILED, "mmap: %s", strerror(errno));
	return addr;
}

size_t pages_shared(const void *addr, size_t size)
{
	uintptr_t from = (uintptr_t)addr, to = from + size, start, end;
	FILE *f = fopen("/proc/self/maps", "re");
	char line[512];
	size_t n = 0;

	CHECK(f, "/proc/self/maps: %s", strerror(errno));
	while (fgets(line, sizeof(line), f)) {
		if (!strstr(line, "/memfd:" FRONT_PAGES_NAME) ||
		    sscanf(line, "%lx-%lx", &start, &end) != 2)
			continue;
		start = start < from ? from : start;
		end = end > to ? to : end;
		n += start < end ? (end - start) / PAGE : 0;
	}
	fclose(f);
	return n;
}

void need_sharing(void)
{
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | /* user mode only: */ 1);
	unsigned int major = 0, minor = 0;
	struct utsname uts;

	if (fd < 0) {
		printf("skipped: userfaultfd: %s\n", strerror(errno));
		exit(77);
	}
	close(fd);
	CHECK_EQ(uname(&uts), 0);
	if (sscanf(uts.release, "%u.%u", &major, &minor) != 2 || major < 6 ||
	    (major == 6 && minor < 11)) {
		printf("skipped: Linux %s is older than 6.11\n", uts.release);
		exit(77);
	}
}

uint32_t sum_of(const uint8_t *bytes, size_t size)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < size; i++)
		sum += bytes[i];
	return sum;
}
