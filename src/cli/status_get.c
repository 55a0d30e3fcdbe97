/* SPDX-License-Identifier: BSD-2-Clause */
/* A list from the control socket of an instance (abi/control.h) */
#include "cli/cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <json-c/json.h>

#include "abi/control.h"
#include "base/auto.h"

/* An instance that says nothing for so long is stuck, or stopped in a debugger. */
#define PATIENCE_S 10
/* More than any instance has to say */
#define MAX_TEXT ((size_t)1 << 30)

static int connect_control(const char *dir)
{
	const struct timeval patience = { .tv_sec = PATIENCE_S };
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	AUTO(close_fd) int fd = -1;
	int n = snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/" CONTROL_NODE, dir);

	if (n < 0 || (size_t)n >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		return -errno;
	return steal_fd(&fd);
}

static ssize_t receive(int fd, void *buf, size_t size)
{
	ssize_t n;

	do {
		n = recv(fd, buf, size, 0);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN ? -ETIMEDOUT : -errno;
	return n ? n : -ECONNRESET;
}

static int ask(int fd, unsigned int what, char **ret_text, size_t *ret_size)
{
	const struct control_request request = { .version = CONTROL_VERSION, .what = what };
	struct control_reply reply;
	size_t done = 0;
	char *text;
	ssize_t n;

	/* When it was turned away at once, the reason is there to be read. */
	if (send(fd, &request, sizeof(request), MSG_NOSIGNAL) < 0 && errno != EPIPE)
		return -errno;
	n = receive(fd, &reply, sizeof(reply));
	if (n < 0)
		return (int)n;
	if (n != sizeof(reply) || reply.version != CONTROL_VERSION || reply.size > MAX_TEXT)
		return -EPROTO;
	if (reply.error)
		return reply.error < 0 ? reply.error : -EPROTO;
	text = malloc(reply.size + CONTROL_CHUNK);
	if (!text)
		return -ENOMEM;
	for (; done < reply.size; done += (size_t)n) {
		n = receive(fd, text + done, CONTROL_CHUNK);
		if (n < 0) {
			free(text);
			return (int)n;
		}
	}
	*ret_text = text;
	*ret_size = done;
	return 0;
}

static int parse(const char *text, size_t size, struct json_object **ret_list)
{
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *list = NULL;

	if (!tokener)
		return -ENOMEM;
	list = json_tokener_parse_ex(tokener, text, (int)size);
	json_tokener_free(tokener);
	if (!json_object_is_type(list, json_type_array)) {
		json_object_put(list);
		return -EPROTO;
	}
	*ret_list = list;
	return 0;
}

static void explain(int r, const char *dir)
{
	switch (r) {
	case -ENOENT:
	case -ECONNREFUSED:
	case -ENOTDIR:
		cli_error(r, "no instance at %s; use \"swtee run\" or start swteed", dir);
		return;
	case -EACCES:
	case -EPERM:
		cli_error(r, "the instance at %s answers its own user and root only", dir);
		return;
	case -EPROTO:
		cli_error(0, "the swteed at %s is of another version than this swtee", dir);
		return;
	default:
		cli_error(r, "no answer from the instance at %s", dir);
	}
}

int cli_status_get(const char *dir, unsigned int what, struct json_object **ret_list)
{
	AUTO(close_fd) int fd = connect_control(dir);
	AUTO_FREE char *text = NULL;
	size_t size = 0;
	int r = fd < 0 ? fd : ask(fd, what, &text, &size);

	if (r == 0)
		r = parse(text, size, ret_list);
	if (r < 0)
		explain(r, dir);
	return r;
}
