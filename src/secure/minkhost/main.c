/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * swtee-minkhost: the template of Mink TA hosts
 *
 * Started by the QTEE world with a socket as descriptor MINKHOST_FD_CONTROL and its log
 * on standard error; see secure/host/template.h.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "abi/minkhost.h"
#include "base/log.h"
#include "base/memfd.h"
#include "machine/lane/lane.h"
#include "secure/host/sandbox.h"
#include "secure/host/template.h"
#include "secure/minkhost/host.h"

/* The order of the descriptors of MINKHOST_SPAWN */
enum spawn_fd {
	SPAWN_FD_LANE,
	SPAWN_FD_IMAGE,
	SPAWN_FD_INSTANCE,
	SPAWN_FD_WINDOW,
	SPAWN_N_FDS,
};

static int map_window(int fd, uint8_t **ret_window)
{
	void *addr;
	int r = memfd_check_sealed(fd, MINKHOST_WINDOW_SIZE);

	if (r == 0)
		r = memfd_map(fd, 0, MINKHOST_WINDOW_SIZE, PROT_READ | PROT_WRITE, &addr);
	if (r == 0)
		*ret_window = addr;
	return r;
}

static void init(const struct sandbox *sandbox)
{
}

static void child(const void *msg, const int *fds, const struct sandbox *sandbox)
{
	const struct minkhost_spawn *spawn = msg;
	struct lane *lane = NULL;
	uint8_t *window = NULL;
	int r;

	/* Its name is in the image. */
	(void)prctl(PR_SET_NAME, "ta");
	log_init("ta", spawn->log_level <= LOG_DEBUG ? (enum log_level)spawn->log_level :
						       LOG_DEBUG);
	r = lane_attach(fds[SPAWN_FD_LANE], sizeof(struct minkhost_call), &lane);
	if (r == 0)
		r = map_window(fds[SPAWN_FD_WINDOW], &window);
	if (r == 0)
		r = template_arrange_fds(fds[SPAWN_FD_IMAGE], fds[SPAWN_FD_INSTANCE]);
	if (r < 0) {
		log_error("a TA cannot be hosted: %s", strerror(-r));
		_exit(1);
	}
	host_run(lane, window, sandbox);
}

int main(int argc, char **argv)
{
	static const struct template template = {
		.program = "swtee-minkhost",
		.world = "QTEE",
		.spawn_type = MINKHOST_SPAWN,
		.spawn_size = sizeof(struct minkhost_spawn),
		.n_fds = SPAWN_N_FDS,
		.init = init,
		.child = child,
	};

	return template_main(argc, argv, &template);
}
