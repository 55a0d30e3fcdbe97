/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The QTEE machine: world and driver
 */
#include "machine.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <linux/err.h>

#include "base/log.h"
#include "config.h"
#include "keeper.h"
#include "machine/soc/world.h"
#include "normal/drivers/qtee/qcomtee.h"
#include "paths.h"
#include "server.h"

struct qtee_machine {
	char world_path[PATH_MAX];
	char minkhost_path[PATH_MAX];
	const char *argv[4];
	struct keeper *keeper;
	struct qcomtee *qcomtee;
};

static bool qtee_machine_enabled(const struct config *config)
{
	return config->qtee_enabled;
}

static void qtee_machine_gone(void *data)
{
	struct qtee_machine *machine = data;

	qcomtee_world_gone(machine->qcomtee);
}

static int qtee_machine_back(void *data)
{
	struct qtee_machine *machine = data;

	return qcomtee_reset(machine->qcomtee);
}

static const struct keeper_ops qtee_keeper_ops = {
	.gone = qtee_machine_gone,
	.back = qtee_machine_back,
};

static int start_world(struct qtee_machine *machine, struct server *server,
		       const struct config *config)
{
	struct soc_world_config world_config = {
		.name = "QTEE",
		.argv = machine->argv,
		.num_threads = config->qtee_calls,
		.log_level = config->log_level,
	};
	int r;

	r = path_find_helper("swtee-qtee", machine->world_path);
	if (r == 0)
		r = path_find_helper("swtee-minkhost", machine->minkhost_path);
	if (r < 0)
		return r;
	machine->argv[0] = machine->world_path;
	machine->argv[1] = "--minkhost";
	machine->argv[2] = machine->minkhost_path;
	return keeper_new(server, &world_config, &qtee_keeper_ops, machine, &machine->keeper);
}

static int qtee_machine_start(struct server *server, const struct config *config,
			      void **ret_machine)
{
	struct qtee_machine *machine = calloc(1, sizeof(*machine));
	struct qcomtee_platform_data pdata = { 0 };
	int r;

	if (!machine)
		return -ENOMEM;
	*ret_machine = machine;
	r = start_world(machine, server, config);
	if (r < 0)
		return r;
	pdata.conduit = keeper_get_conduit(machine->keeper);
	pdata.callback_timeout_ms = config->qtee_callback_timeout_ms;
	pdata.rfc = true;
	machine->qcomtee = qcomtee_probe(&pdata);
	if (IS_ERR(machine->qcomtee)) {
		r = (int)PTR_ERR(machine->qcomtee);
		machine->qcomtee = NULL;
		log_error("the QTEE driver does not bind: %s", strerror(-r));
		return r;
	}
	/* From here on its death is an event; before, it fails the start. */
	return keeper_watch(machine->keeper);
}

static void qtee_machine_settle(void *data)
{
	struct qtee_machine *machine = data;

	if (machine->keeper)
		keeper_settle(machine->keeper);
}

static void qtee_machine_cut(void *data)
{
	struct qtee_machine *machine = data;

	if (machine->keeper)
		keeper_cut(machine->keeper);
}

static void qtee_machine_unbind(void *data)
{
	struct qtee_machine *machine = data;

	qcomtee_remove(machine->qcomtee);
}

static void qtee_machine_free(void *data)
{
	struct qtee_machine *machine = data;

	keeper_free(machine->keeper);
	free(machine);
}

const struct machine_ops qtee_machine_ops = {
	.name = "QTEE",
	.enabled = qtee_machine_enabled,
	.start = qtee_machine_start,
	.settle = qtee_machine_settle,
	.cut = qtee_machine_cut,
	.unbind = qtee_machine_unbind,
	.free = qtee_machine_free,
};
