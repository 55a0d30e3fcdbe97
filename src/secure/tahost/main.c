/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * swtee-tahost: the template of GP TA hosts
 *
 * Started by the OP-TEE world with a socket as descriptor TAHOST_FD_CONTROL and its
 * log on standard error; see secure/host/template.h.
 */
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "abi/tahost.h"
#include "base/log.h"
#include "base/uuid.h"
#include "machine/lane/lane.h"
#include "secure/host/sandbox.h"
#include "secure/host/template.h"
#include "secure/tahost/access.h"
#include "secure/tahost/host.h"

/* The order of the descriptors of TAHOST_SPAWN */
enum spawn_fd {
	SPAWN_FD_LANE,
	SPAWN_FD_IMAGE,
	SPAWN_FD_INSTANCE,
	SPAWN_N_FDS,
};

static void init(const struct sandbox *sandbox)
{
	access_init(!sandbox_filters(sandbox));
}

static void child(const void *msg, const int *fds, const struct sandbox *sandbox)
{
	static char ident[16];
	const struct tahost_spawn *spawn = msg;
	char uuid[UUID_STRING_LEN + 1];
	struct lane *lane;
	int r;

	uuid_to_string(spawn->uuid, uuid);
	snprintf(ident, sizeof(ident), "ta:%.8s", uuid);
	(void)prctl(PR_SET_NAME, ident);
	log_init(ident, spawn->log_level <= LOG_DEBUG ? (enum log_level)spawn->log_level :
							 LOG_DEBUG);
	r = lane_attach(fds[SPAWN_FD_LANE], sizeof(struct tahost_call), &lane);
	if (r == 0)
		r = template_arrange_fds(fds[SPAWN_FD_IMAGE], fds[SPAWN_FD_INSTANCE]);
	if (r < 0) {
		log_error("TA %s cannot be hosted: %s", uuid, strerror(-r));
		_exit(1);
	}
	host_run(lane, spawn->uuid, sandbox);
}

int main(int argc, char **argv)
{
	static const struct template template = {
		.program = "swtee-tahost",
		.world = "OP-TEE",
		.spawn_type = TAHOST_SPAWN,
		.spawn_size = sizeof(struct tahost_spawn),
		.n_fds = SPAWN_N_FDS,
		.init = init,
		.child = child,
	};

	return template_main(argc, argv, &template);
}
