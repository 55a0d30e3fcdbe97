/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a kernel shows of a device on the TEE bus: <runtime dir>/sys/bus/tee/devices/NAME/
 * with uevent and the attributes of the bus and of the device. Written when the device
 * comes, and anew when it gets a driver or loses it; taken away when it goes.
 */
#include "server.h"
#include "sysfs_private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/container_of.h>
#include <linux/device.h>

#include "base/auto.h"
#include "base/kernel/device.h"
#include "base/log.h"
#include "normal/tee/tee_client.h"

static const char *const levels[] = { "sys", "bus", "tee", "devices" };

#define N_LEVELS (sizeof(levels) / sizeof(levels[0]))

struct sysfs_bus {
	struct notifier_block nb;
	struct server *server;
	int dir;	/* the last level */
};

/* Remove the directory @name in @dir with the files in it. */
static void remove_dir(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!stream) {
		close_fd(fd);
		return;
	}
	while ((entry = readdir(stream)))
		(void)unlinkat(fd, entry->d_name, 0);
	closedir(stream);
	(void)unlinkat(dir, name, AT_REMOVEDIR);
}

/* What an instance left that was killed */
static void remove_leftovers(int dir)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!stream) {
		close_fd(fd);
		return;
	}
	while ((entry = readdir(stream))) {
		if (entry->d_name[0] != '.')
			remove_dir(dir, entry->d_name);
	}
	closedir(stream);
}

static int write_attr(void *data, const char *name, const char *text, size_t len)
{
	const int *dir = data;

	return sysfs_write(*dir, name, text, len);
}

/* The caller holds the lock of @dev. */
static void write_device(struct sysfs_bus *bus, struct device *dev)
{
	int copy = fcntl(bus->dir, F_DUPFD_CLOEXEC, 0);
	AUTO(close_fd) int dir = sysfs_enter(copy < 0 ? -errno : copy, dev_name(dev));
	int r = dir < 0 ? dir : device_for_each_attr(dev, write_attr, &dir);

	if (r < 0)
		log_warn_ratelimited("cannot write the attributes of %s in %s: %s", dev_name(dev),
				     bus->server->runtime_dir, strerror(-r));
}

static int on_bus_event(struct notifier_block *nb, unsigned long event, void *data)
{
	struct sysfs_bus *bus = container_of(nb, struct sysfs_bus, nb);
	struct device *dev = data;

	switch (event) {
	case BUS_NOTIFY_ADD_DEVICE:
		device_lock(dev);
		write_device(bus, dev);
		device_unlock(dev);
		break;
	case BUS_NOTIFY_BOUND_DRIVER:
	case BUS_NOTIFY_UNBOUND_DRIVER:
		write_device(bus, dev);
		break;
	case BUS_NOTIFY_REMOVED_DEVICE:
		remove_dir(bus->dir, dev_name(dev));
		break;
	default:
		break;
	}
	return NOTIFY_OK;
}

int sysfs_bus_new(struct server *server, struct sysfs_bus **ret_bus)
{
	struct sysfs_bus *bus = calloc(1, sizeof(*bus));
	int r;

	if (!bus)
		return -ENOMEM;
	bus->server = server;
	bus->dir = sysfs_open(server, levels, N_LEVELS);
	if (bus->dir < 0) {
		r = bus->dir;
		goto err_free;
	}
	remove_leftovers(bus->dir);
	bus->nb.notifier_call = on_bus_event;
	r = bus_register_notifier(&tee_bus_type, &bus->nb);
	if (r < 0)
		goto err_close;
	*ret_bus = bus;
	return 0;

err_close:
	close_fd(bus->dir);
err_free:
	free(bus);
	return r;
}

/* The levels above it, too, as far as nothing else is in them */
static void remove_levels(struct server *server)
{
	int dir = open(server->runtime_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0)
		return;
	if (unlinkat(dir, "sys/bus/tee/devices", AT_REMOVEDIR) == 0 &&
	    unlinkat(dir, "sys/bus/tee", AT_REMOVEDIR) == 0 &&
	    unlinkat(dir, "sys/bus", AT_REMOVEDIR) == 0)
		(void)unlinkat(dir, "sys", AT_REMOVEDIR);
	close_fd(dir);
}

struct sysfs_bus *sysfs_bus_free(struct sysfs_bus *bus)
{
	if (!bus)
		return NULL;
	bus_unregister_notifier(&tee_bus_type, &bus->nb);
	close_fd(bus->dir);
	remove_levels(bus->server);
	free(bus);
	return NULL;
}
