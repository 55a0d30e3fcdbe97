/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The files of the devices on the TEE bus: there as long as the device, true as long as
 * it has its driver, and nothing left of an instance that was killed
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <linux/device.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "base/kernel/kmem.h"
#include "normal/server/server.h"
#include "normal/tee/tee_client.h"

#define NAME "optee-ta-ab7a617c-b8e7-4d8f-8301-d09b61036b64"
#define MODALIAS "tee:ab7a617c-b8e7-4d8f-8301-d09b61036b64\n"
#define ID UUID_INIT(0xab7a617c, 0xb8e7, 0x4d8f, 0x83, 0x01, 0xd0, 0x9b, 0x61, 0x03, 0x6b, 0x64)

struct rig {
	struct server server;
	char dir[32];
	int dirfd;
	long live;
};

static int setup(void **state)
{
	struct rig *rig = calloc(1, sizeof(*rig));

	if (!rig)
		return -1;
	strcpy(rig->dir, "/tmp/swtee-test-XXXXXX");
	if (!mkdtemp(rig->dir))
		return -1;
	rig->dirfd = open(rig->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	rig->server.runtime_dir = rig->dir;
	rig->live = kmem_live();
	*state = rig;
	return rig->dirfd < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	struct rig *rig = *state;

	sysfs_bus_free(rig->server.bus);
	assert_int_equal(kmem_live(), rig->live);
	close(rig->dirfd);
	/* Fails unless everything in it is gone. */
	assert_int_equal(rmdir(rig->dir), 0);
	free(rig);
	return 0;
}

static void start(struct rig *rig)
{
	assert_int_equal(sysfs_bus_new(&rig->server, &rig->server.bus), 0);
}

static void stop(struct rig *rig)
{
	rig->server.bus = sysfs_bus_free(rig->server.bus);
}

#define IN(path) "sys/bus/tee/devices/" path

static bool exists(struct rig *rig, const char *path)
{
	return faccessat(rig->dirfd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void assert_text(struct rig *rig, const char *path, const char *expected)
{
	char text[256];
	int fd = openat(rig->dirfd, path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	assert_true(fd >= 0);
	n = read(fd, text, sizeof(text) - 1);
	assert_true(n >= 0);
	text[n] = '\0';
	close(fd);
	assert_string_equal(text, expected);
}

static void service_release(struct device *dev)
{
	kfree(to_tee_client_device(dev));
}

static ssize_t extra_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return 0;
}
static DEVICE_ATTR_RO(extra);

static struct attribute *extra_attrs[] = { &dev_attr_extra.attr, NULL };
ATTRIBUTE_GROUPS(extra);

static struct tee_client_device *service_add(void)
{
	struct tee_client_device *tcdev = kzalloc(sizeof(*tcdev), GFP_KERNEL);

	assert_non_null(tcdev);
	tcdev->id.uuid = ID;
	tcdev->dev.bus = &tee_bus_type;
	tcdev->dev.release = service_release;
	tcdev->dev.groups = extra_groups;
	device_initialize(&tcdev->dev);
	assert_int_equal(dev_set_name(&tcdev->dev, NAME), 0);
	assert_int_equal(device_add(&tcdev->dev), 0);
	return tcdev;
}

static void test_files(void **state)
{
	static const struct tee_client_device_id ids[] = { { ID }, {} };
	struct tee_client_driver client = { .id_table = ids, .driver = { .name = "client" } };
	struct rig *rig = *state;
	struct tee_client_device *service;
	struct stat st;

	start(rig);
	assert_true(exists(rig, "sys/bus/tee/devices"));
	service = service_add();
	assert_text(rig, IN(NAME "/modalias"), MODALIAS);
	assert_text(rig, IN(NAME "/uevent"), "MODALIAS=" MODALIAS);
	assert_text(rig, IN(NAME "/extra"), "");
	assert_int_equal(fstatat(rig->dirfd, IN(NAME "/modalias"), &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0444);

	/* Who has it is told while that is so. */
	assert_int_equal(tee_client_driver_register(&client), 0);
	assert_text(rig, IN(NAME "/uevent"), "DRIVER=client\nMODALIAS=" MODALIAS);
	tee_client_driver_unregister(&client);
	assert_text(rig, IN(NAME "/uevent"), "MODALIAS=" MODALIAS);

	device_unregister(&service->dev);
	assert_false(exists(rig, IN(NAME)));
	assert_true(exists(rig, "sys/bus/tee/devices"));
	stop(rig);
	assert_false(exists(rig, "sys"));
}

static void make_dirs(struct rig *rig, const char *path)
{
	char part[PATH_MAX];

	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		snprintf(part, sizeof(part), "%.*s", (int)(slash - path), path);
		if (mkdirat(rig->dirfd, part, 0755) < 0)
			assert_int_equal(errno, EEXIST);
	}
}

static void make_file(struct rig *rig, const char *path)
{
	int fd;

	make_dirs(rig, path);
	fd = openat(rig->dirfd, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0444);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "old", 3), 3);
	close(fd);
}

static void test_leftovers(void **state)
{
	struct rig *rig = *state;
	struct tee_client_device *service;

	make_file(rig, IN("optee-ta-old/uevent"));
	make_file(rig, IN(NAME "/modalias"));
	make_file(rig, IN(NAME "/gone"));
	start(rig);
	assert_false(exists(rig, IN("optee-ta-old")));
	assert_false(exists(rig, IN(NAME)));
	service = service_add();
	assert_text(rig, IN(NAME "/modalias"), MODALIAS);
	assert_false(exists(rig, IN(NAME "/gone")));
	device_unregister(&service->dev);
}

/* Somebody is in the way: the device is there all the same, and no link is followed. */
static void test_in_the_way(void **state)
{
	struct rig *rig = *state;
	struct tee_client_device *service;

	start(rig);
	make_dirs(rig, "elsewhere/");
	assert_int_equal(symlinkat("../../../../elsewhere", rig->dirfd, IN(NAME)), 0);
	service = service_add();
	assert_false(exists(rig, "elsewhere/modalias"));
	device_unregister(&service->dev);
	assert_int_equal(unlinkat(rig->dirfd, IN(NAME), 0), 0);
	assert_int_equal(unlinkat(rig->dirfd, "elsewhere", AT_REMOVEDIR), 0);
	stop(rig);

	/* Of the whole tree: the instance does not start. */
	make_file(rig, "sys/bus");
	assert_int_equal(sysfs_bus_new(&rig->server, &rig->server.bus), -ENOTDIR);
	assert_int_equal(unlinkat(rig->dirfd, "sys/bus", 0), 0);
	assert_int_equal(unlinkat(rig->dirfd, "sys", AT_REMOVEDIR), 0);
}

/* Others use the tree, too: what is not ours stays. */
static void test_neighbours(void **state)
{
	struct rig *rig = *state;

	start(rig);
	make_dirs(rig, "sys/class/");
	stop(rig);
	assert_false(exists(rig, "sys/bus"));
	assert_true(exists(rig, "sys/class"));
	assert_int_equal(unlinkat(rig->dirfd, "sys/class", AT_REMOVEDIR), 0);
	assert_int_equal(unlinkat(rig->dirfd, "sys", AT_REMOVEDIR), 0);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_files),
		TEST(test_leftovers),
		TEST(test_in_the_way),
		TEST(test_neighbours),
	};

	return cmocka_run_group_tests_name("attributes of bus devices", tests, NULL, NULL);
}
