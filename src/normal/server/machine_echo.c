/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The echo machine: a driver alone, which is its own trusted OS
 */
#include "machine.h"

#include <stddef.h>
#include <string.h>

#include <linux/err.h>

#include "base/log.h"
#include "config.h"
#include "normal/drivers/echo/echo.h"

static bool echo_machine_enabled(const struct config *config)
{
	return config->echo_enabled;
}

static int echo_machine_start(struct server *server, const struct config *config,
			      void **ret_machine)
{
	struct echo *echo = echo_probe();
	int r;

	if (IS_ERR(echo)) {
		r = (int)PTR_ERR(echo);
		log_error("the echo driver does not start: %s", strerror(-r));
		return r;
	}
	*ret_machine = echo;
	return 0;
}

/* No world that could come back or hang: calls that wait end with their callers. */
static void echo_machine_has_no_world(void *machine)
{
}

static void echo_machine_unbind(void *machine)
{
	echo_remove(machine);
}

const struct machine_ops echo_machine_ops = {
	.name = "echo",
	.enabled = echo_machine_enabled,
	.start = echo_machine_start,
	.settle = echo_machine_has_no_world,
	.cut = echo_machine_has_no_world,
	.unbind = echo_machine_unbind,
	.free = echo_machine_has_no_world,
};
