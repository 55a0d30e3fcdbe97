/* SPDX-License-Identifier: BSD-2-Clause */
/* What a TA calls (sdk/mink/include) beside objects and the C library */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#pragma GCC visibility push(default)
#include <mink_memory.h>
#include <qsee_log.h>
#pragma GCC visibility pop

#include "base/auto.h"
#include "base/fdsock.h"
#include "base/log.h"
#include "base/memfd.h"
#include "secure/host/sandbox.h"
#include "secure/minkhost/host.h"

/* --- log --- */

static uint8_t log_mask = QSEE_LOG_MSG_MED | QSEE_LOG_MSG_HIGH | QSEE_LOG_MSG_ERROR |
			  QSEE_LOG_MSG_FATAL;

uint8_t qsee_log_get_mask(void)
{
	return log_mask;
}

void qsee_log_set_mask(uint8_t mask)
{
	log_mask = mask;
}

static enum log_level level_of(uint8_t priority)
{
	if (priority & (QSEE_LOG_MSG_ERROR | QSEE_LOG_MSG_FATAL))
		return LOG_WARN;
	return priority & QSEE_LOG_MSG_HIGH ? LOG_INFO : LOG_DEBUG;
}

void qsee_log(uint8_t priority, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	if (!(priority & log_mask) || level_of(priority) > log_get_level())
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_write(level_of(priority), "%s", text);
}

/* --- memory --- */

struct mapping {
	void *addr;
	size_t size;
	uint32_t handle;	/* in the world: it ends the mapping there */
	uint32_t refs;
};

static int32_t mapping_invoke(ObjectCxt context, ObjectOp op, ObjectArg *args,
			      ObjectCounts counts)
{
	struct mapping *mapping = context;

	switch (ObjectOp_methodID(op)) {
	case ObjectOp_retain:
		mapping->refs++;
		return Object_OK;
	case ObjectOp_release:
		if (--mapping->refs == 0) {
			(void)munmap(mapping->addr, mapping->size);
			host_give_back(mapping->handle);
			free(mapping);
		}
		return Object_OK;
	default:
		return Object_ERROR_INVALID;
	}
}

/* Of the file that came with the answer. 0 or negative errno. */
static int mapping_map(struct mapping *mapping, uint64_t offset, uint64_t size, bool write)
{
	AUTO(close_fd) int fd = -1;
	char text[16];
	size_t n_fds;
	ssize_t n;
	int r;

	/* Sent before the answer was posted, so it is there or never comes. */
	n = fdsock_recv(HOST_FD_INSTANCE, text, sizeof(text), &fd, 1, &n_fds, NULL, MSG_DONTWAIT);
	if (n <= 0 || n_fds != 1 || size == 0 || size > SIZE_MAX / 2 || offset > SIZE_MAX / 2)
		return -EINVAL;
	r = memfd_check_sealed(fd, (size_t)(offset + size));
	if (r < 0)
		return r;
	mapping->size = (size_t)size;
	return memfd_map(fd, (size_t)offset, (size_t)size,
			 write ? PROT_READ | PROT_WRITE : PROT_READ, &mapping->addr);
}

int32_t mink_memory_map(Object memory, void **ret_addr, size_t *ret_size, uint32_t *ret_perms,
			Object *ret_mapping)
{
	const struct minkhost_call *in = host_in();
	const uint32_t target = host_world_handle(memory);
	struct mapping *mapping;
	bool write;

	if (!target)
		return Object_ERROR_BADOBJ;
	mapping = calloc(1, sizeof(*mapping));
	if (!mapping || !host_reserve_give_back()) {
		free(mapping);
		return Object_ERROR_MEM;
	}
	if (!call_request(MINKHOST_REQUEST_MAP, target) || in->result != Object_OK) {
		int32_t result = host_in()->result;

		host_unreserve_give_back();
		free(mapping);
		return result == Object_OK ? Object_ERROR_UNAVAIL : result;
	}
	mapping->refs = 1;
	mapping->handle = in->map.mapping;
	write = in->map.write;
	if (mapping_map(mapping, in->map.fd_offset, in->map.size, write) < 0) {
		host_give_back(mapping->handle);
		free(mapping);
		return Object_ERROR_MEM;
	}
	*ret_addr = mapping->addr;
	*ret_size = mapping->size;
	*ret_perms = MINK_MEMORY_READ | (write ? MINK_MEMORY_WRITE : 0);
	*ret_mapping = (Object){ mapping_invoke, mapping };
	return Object_OK;
}
