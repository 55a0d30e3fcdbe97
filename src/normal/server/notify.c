/* SPDX-License-Identifier: BSD-2-Clause */
#include "notify.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/auto.h"
#include "base/log.h"

/* A path, or with an '@' in front a name in the abstract namespace */
static int manager_address(const char *where, struct sockaddr_un *addr, socklen_t *ret_len)
{
	size_t len = strlen(where);

	if ((where[0] != '/' && where[0] != '@') || len < 2 || len >= sizeof(addr->sun_path))
		return -EINVAL;
	*addr = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(addr->sun_path, where, len);
	if (where[0] == '@')
		addr->sun_path[0] = '\0';
	*ret_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	return 0;
}

static int send_to(const char *where, const char *text)
{
	AUTO(close_fd) int fd = -1;
	struct sockaddr_un addr;
	socklen_t len;
	int r = manager_address(where, &addr, &len);

	if (r < 0)
		return r;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (sendto(fd, text, strlen(text), MSG_NOSIGNAL, (struct sockaddr *)&addr, len) < 0)
		return -errno;
	return 0;
}

void notify_manager(const char *fmt, ...)
{
	const char *where = getenv("NOTIFY_SOCKET");
	char text[512];
	va_list ap;
	int r;

	if (!where || !*where)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	r = send_to(where, text);
	if (r < 0)
		log_warn("cannot tell the service manager at %s: %s", where, strerror(-r));
}
