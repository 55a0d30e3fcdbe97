/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The services of the real world as devices: their files are there when the instance
 * is, go with the world and come back with the next one. Each can be opened as a
 * service by its name.
 */
#include "fixture.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

/* Of the service for tests, which every world lists */
#define SERVICE "d96a5b40-c3e5-21e3-8794-1002a5d5c61b"
#define PREFIX "optee-ta-"

static const TEEC_UUID service = {
	0xd96a5b40, 0xc3e5, 0x21e3, { 0x87, 0x94, 0x10, 0x02, 0xa5, 0xd5, 0xc6, 0x1b },
};

static char devices[256];

/* Is the text of an attribute @expected? */
static bool attr_is(const char *device, const char *attr, const char *expected)
{
	char path[600], text[128];
	FILE *file;
	size_t n;

	snprintf(path, sizeof(path), "%s/%s/%s", devices, device, attr);
	file = fopen(path, "re");
	if (!file)
		return false;
	n = fread(text, 1, sizeof(text) - 1, file);
	text[n] = '\0';
	fclose(file);
	return !strcmp(text, expected);
}

/* How many devices there are that have what they must have; -1 when one has not */
static int count_devices(void)
{
	DIR *dir = opendir(devices);
	struct dirent *entry;
	int n = 0;

	CHECK(dir, "%s: %s", devices, strerror(errno));
	while (n >= 0 && (entry = readdir(dir))) {
		const char *uuid = entry->d_name + strlen(PREFIX);
		char modalias[128], uevent[128];

		if (entry->d_name[0] == '.')
			continue;
		CHECK(!strncmp(entry->d_name, PREFIX, strlen(PREFIX)), "%s", entry->d_name);
		snprintf(modalias, sizeof(modalias), "tee:%.36s\n", uuid);
		snprintf(uevent, sizeof(uevent), "MODALIAS=tee:%.36s\n", uuid);
		if (attr_is(entry->d_name, "modalias", modalias) &&
		    attr_is(entry->d_name, "uevent", uevent))
			n++;
		else
			n = -1;
	}
	closedir(dir);
	return n;
}

/* Wait until the directory of the service was seen to go and to come. */
static void wait_for_events(int fd)
{
	uint32_t missing = IN_DELETE | IN_CREATE;

	while (missing) {
		_Alignas(struct inotify_event) char buf[4096];
		struct pollfd pfd = { .fd = fd, .events = POLLIN };
		ssize_t n;

		CHECK(poll(&pfd, 1, 30000) == 1, "the device of the service did not %s",
		      missing & IN_DELETE ? "go" : "come back");
		n = read(fd, buf, sizeof(buf));
		CHECK(n > 0, "%s", strerror(errno));
		for (char *at = buf; at < buf + n;) {
			struct inotify_event *event = (struct inotify_event *)at;

			/* What comes before anything went is none of it. */
			if (event->len && !strcmp(event->name, PREFIX SERVICE) &&
			    (event->mask & IN_DELETE || !(missing & IN_DELETE)))
				missing &= ~event->mask;
			at += sizeof(*event) + event->len;
		}
	}
}

int main(void)
{
	const char *runtime = getenv("SWTEE_RUNTIME");
	struct instance instance;
	struct client client;
	int n, fd;

	CHECK(runtime, "not in an instance");
	snprintf(devices, sizeof(devices), "%s/sys/bus/tee/devices", runtime);

	/* No waiting: they are there before any client runs. */
	n = count_devices();
	CHECK(n > 0, "%d devices on the bus", n);
	CHECK(attr_is(PREFIX SERVICE, "modalias", "tee:" SERVICE "\n"), "no %s", SERVICE);
	client_open(&client, &service);
	client_close(&client);

	fd = inotify_init1(IN_CLOEXEC);
	CHECK(fd >= 0 && inotify_add_watch(fd, devices, IN_DELETE | IN_CREATE) >= 0, "%s",
	      strerror(errno));
	instance_find(&instance);
	CHECK_EQ(kill(instance.world, SIGKILL), 0);
	wait_for_events(fd);
	close(fd);
	for (int i = 0; i < 500 && count_devices() != n; i++)
		sleep_ms(20);
	CHECK_EQ(count_devices(), n);
	client_open(&client, &service);
	client_close(&client);
	return 0;
}
