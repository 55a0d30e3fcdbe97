/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The OP-TEE machine: world, driver, built-in supplicant
 */
#include "machine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/err.h>

#include "base/auto.h"
#include "base/log.h"
#include "config.h"
#include "keeper.h"
#include "machine/soc/world.h"
#include "normal/drivers/optee/optee.h"
#include "paths.h"
#include "server.h"
#include "supplicant.h"

struct optee_machine {
	char world_path[PATH_MAX];
	char tahost_path[PATH_MAX];
	char secure_dir[PATH_MAX];	/* the world's own; nothing here opens it */
	const char *argv[6];
	struct keeper *keeper;
	struct supplicant *supplicant;
	struct optee *optee;
};

static bool optee_machine_enabled(const struct config *config)
{
	return config->optee_enabled;
}

static void optee_machine_gone(void *data)
{
	struct optee_machine *machine = data;

	optee_world_gone(machine->optee);
	if (machine->supplicant)
		supplicant_reset(machine->supplicant);
}

static int optee_machine_back(void *data)
{
	struct optee_machine *machine = data;

	return optee_reset(machine->optee);
}

static const struct keeper_ops optee_keeper_ops = {
	.gone = optee_machine_gone,
	.back = optee_machine_back,
};

static int open_fs_root(const char *state_dir)
{
	char path[PATH_MAX];
	int fd, r;

	r = path_make_dir(state_dir, NULL);
	if (r < 0)
		return r;
	if (snprintf(path, sizeof(path), "%s/optee", state_dir) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	r = path_make_dir(path, NULL);
	if (r < 0)
		return r;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		r = -errno;
		log_error("cannot open the directory %s: %s", path, strerror(-r));
		return r;
	}
	return fd;
}

static int start_world(struct optee_machine *machine, struct server *server,
		       const struct config *config)
{
	struct soc_world_config world_config = {
		.name = "OP-TEE",
		.argv = machine->argv,
		.num_threads = config->optee_threads,
		.log_level = config->log_level,
		.protected_memory = true,
	};
	int r;

	r = path_find_helper("swtee-optee", machine->world_path);
	if (r == 0)
		r = path_find_helper("swtee-tahost", machine->tahost_path);
	if (r < 0)
		return r;
	if (snprintf(machine->secure_dir, PATH_MAX, "%s/optee-secure", config->state_dir) >=
	    PATH_MAX)
		return -ENAMETOOLONG;
	machine->argv[0] = machine->world_path;
	machine->argv[1] = "--tahost";
	machine->argv[2] = machine->tahost_path;
	machine->argv[3] = "--state";
	machine->argv[4] = machine->secure_dir;
	return keeper_new(server, &world_config, &optee_keeper_ops, machine, &machine->keeper);
}

static int start_supplicant(struct optee_machine *machine, const struct config *config)
{
	int fs_root, r;

	fs_root = open_fs_root(config->state_dir);
	if (fs_root < 0)
		return fs_root;
	r = supplicant_new((const char *const *)config->ta_dirs, config->n_ta_dirs, fs_root,
			   &machine->supplicant);
	if (r < 0)
		close_fd(fs_root);
	return r;
}

static int optee_machine_start(struct server *server, const struct config *config,
			       void **ret_machine)
{
	struct optee_machine *machine = calloc(1, sizeof(*machine));
	struct optee_platform_data pdata = { 0 };
	int r;

	if (!machine)
		return -ENOMEM;
	*ret_machine = machine;
	/* First of all the directory of state, in which the world has its own. */
	r = path_make_dir(config->state_dir, NULL);
	if (r == 0 && config->optee_builtin_supplicant)
		r = start_supplicant(machine, config);
	if (r == 0)
		r = start_world(machine, server, config);
	if (r < 0)
		return r;
	pdata.conduit = keeper_get_conduit(machine->keeper);
	if (machine->supplicant)
		pdata.fallback = supplicant_get_fallback(machine->supplicant);
	machine->optee = optee_probe(&pdata);
	if (IS_ERR(machine->optee)) {
		r = (int)PTR_ERR(machine->optee);
		machine->optee = NULL;
		log_error("the OP-TEE driver does not bind: %s", strerror(-r));
		return r;
	}
	/* From here on its death is an event; before, it fails the start. */
	return keeper_watch(machine->keeper);
}

static void optee_machine_settle(void *data)
{
	struct optee_machine *machine = data;

	if (machine->keeper)
		keeper_settle(machine->keeper);
}

static void optee_machine_cut(void *data)
{
	struct optee_machine *machine = data;

	if (machine->keeper)
		keeper_cut(machine->keeper);
}

static void optee_machine_unbind(void *data)
{
	struct optee_machine *machine = data;

	optee_remove(machine->optee);
}

static void optee_machine_free(void *data)
{
	struct optee_machine *machine = data;

	keeper_free(machine->keeper);
	supplicant_free(machine->supplicant);
	free(machine);
}

static size_t optee_machine_get_sessions(void *data, struct session_info *infos, size_t max)
{
	struct optee_machine *machine = data;
	AUTO_FREE struct optee_session_info *own = calloc(max + 1, sizeof(*own));
	size_t n;

	if (!own)
		return 0;
	n = optee_get_sessions(machine->optee, own, max);
	for (size_t i = 0; i < n && i < max; i++) {
		infos[i] = (struct session_info){
			.teedev = optee_get_client_device(machine->optee),
			.ctx = own[i].ctx,
			.id = own[i].id,
			.system = own[i].system,
			.dead = own[i].dead,
		};
		memcpy(infos[i].uuid, own[i].uuid, sizeof(infos[i].uuid));
	}
	return n;
}

static size_t optee_machine_get_shm_refs(void *data, struct driver_shm_ref *refs, size_t max)
{
	struct optee_machine *machine = data;
	AUTO_FREE struct optee_shm_ref *own = calloc(max + 1, sizeof(*own));
	size_t n;

	if (!own)
		return 0;
	n = optee_get_shm_refs(machine->optee, own, max);
	for (size_t i = 0; i < n && i < max; i++)
		refs[i] = (struct driver_shm_ref){
			.teedev = own[i].teedev,
			.shm = own[i].shm,
			.supplicant = own[i].supplicant,
		};
	return n;
}

const struct machine_ops optee_machine_ops = {
	.name = "OP-TEE",
	.enabled = optee_machine_enabled,
	.start = optee_machine_start,
	.settle = optee_machine_settle,
	.cut = optee_machine_cut,
	.unbind = optee_machine_unbind,
	.free = optee_machine_free,
	.get_sessions = optee_machine_get_sessions,
	.get_shm_refs = optee_machine_get_shm_refs,
};
