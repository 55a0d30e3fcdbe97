/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The TEE bus: which driver gets which service, in whatever order they come, and what
 * the world is told of a device
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <linux/err.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "base/kernel/device.h"
#include "base/kernel/kmem.h"
#include "core_fixture.h"
#include "normal/tee/tee_client.h"

#define RNG UUID_INIT(0xab7a617c, 0xb8e7, 0x4d8f, 0x83, 0x01, 0xd0, 0x9b, 0x61, 0x03, 0x6b, 0x64)
#define RTC UUID_INIT(0xf389f8c8, 0x845f, 0x496c, 0x8b, 0xbe, 0xd6, 0x4b, 0xd2, 0x4c, 0x92, 0xfd)
/* Differs from RNG in the last octet */
#define NEAR UUID_INIT(0xab7a617c, 0xb8e7, 0x4d8f, 0x83, 0x01, 0xd0, 0x9b, 0x61, 0x03, 0x6b, 0x65)

static const struct tee_client_device_id both[] = { { RTC }, { RNG }, {} };
static const struct tee_client_device_id rng_only[] = { { RNG }, {} };
static const struct tee_client_device_id none[] = { {} };

static char trail[256];

static void note(const char *what, const struct device *dev)
{
	size_t len = strlen(trail);

	snprintf(trail + len, sizeof(trail) - len, "%s %s;", what, dev_name(dev));
}

static void assert_trail(const char *expected)
{
	assert_string_equal(trail, expected);
	trail[0] = '\0';
}

static void service_release(struct device *dev)
{
	kfree(to_tee_client_device(dev));
}

static struct tee_client_device *service_add(const char *name, uuid_t uuid)
{
	struct tee_client_device *tcdev = kzalloc(sizeof(*tcdev), GFP_KERNEL);

	assert_non_null(tcdev);
	tcdev->id.uuid = uuid;
	tcdev->dev.bus = &tee_bus_type;
	tcdev->dev.release = service_release;
	device_initialize(&tcdev->dev);
	assert_int_equal(dev_set_name(&tcdev->dev, "%s", name), 0);
	assert_int_equal(device_add(&tcdev->dev), 0);
	return tcdev;
}

static int probe(struct tee_client_device *tcdev)
{
	note("probe", &tcdev->dev);
	return 0;
}

static int refuse(struct tee_client_device *tcdev)
{
	note("refuse", &tcdev->dev);
	return -ENODEV;
}

static void remove_(struct tee_client_device *tcdev)
{
	note("remove", &tcdev->dev);
}

static void shut(struct tee_client_device *tcdev)
{
	note("shutdown", &tcdev->dev);
}

static int old_probe(struct device *dev)
{
	note("old probe", dev);
	return 0;
}

static int old_remove(struct device *dev)
{
	note("old remove", dev);
	return 0;
}

static void old_shutdown(struct device *dev)
{
	note("old shutdown", dev);
}

#define CLIENT(_name, _table) (struct tee_client_driver){ \
	.id_table = _table, .probe = probe, .remove = remove_, .shutdown = shut, \
	.driver = { .name = _name }, \
}

static void test_match(void **state)
{
	struct tee_client_driver nothing = CLIENT("nothing", none);
	struct tee_client_driver client = CLIENT("client", both);
	struct tee_client_device *rng = service_add("rng", RNG);
	struct tee_client_device *near, *rtc;

	trail[0] = '\0';
	assert_int_equal(tee_client_driver_register(&nothing), 0);
	assert_int_equal(tee_client_driver_register(&client), 0);
	assert_ptr_equal(client.driver.bus, &tee_bus_type);
	near = service_add("near", NEAR);
	rtc = service_add("rtc", RTC);
	assert_trail("probe rng;probe rtc;");
	assert_null(near->dev.driver);

	device_shutdown();
	assert_trail("shutdown rtc;shutdown rng;");
	tee_client_driver_unregister(&client);
	assert_trail("remove rng;remove rtc;");
	assert_int_equal(tee_client_driver_register(&client), 0);
	assert_trail("probe rng;probe rtc;");
	device_unregister(&rng->dev);
	device_unregister(&near->dev);
	device_unregister(&rtc->dev);
	assert_trail("remove rng;remove rtc;");
	tee_client_driver_unregister(&client);
	tee_client_driver_unregister(&nothing);
	assert_trail("");
}

static void test_refused(void **state)
{
	struct tee_client_driver no = CLIENT("no", rng_only);
	struct tee_client_driver yes = CLIENT("yes", both);
	struct tee_client_device *rng;

	trail[0] = '\0';
	no.probe = refuse;
	assert_int_equal(tee_client_driver_register(&no), 0);
	assert_int_equal(tee_client_driver_register(&yes), 0);
	rng = service_add("rng", RNG);
	assert_trail("refuse rng;probe rng;");
	assert_ptr_equal(rng->dev.driver, &yes.driver);
	device_unregister(&rng->dev);
	tee_client_driver_unregister(&no);
	tee_client_driver_unregister(&yes);
}

/* Without probe the device is taken; without the others nothing is called. */
static void test_bare(void **state)
{
	struct tee_client_driver bare = { .id_table = both, .driver = { .name = "bare" } };
	struct tee_client_device *rng = service_add("rng", RNG);

	trail[0] = '\0';
	assert_int_equal(tee_client_driver_register(&bare), 0);
	assert_ptr_equal(rng->dev.driver, &bare.driver);
	device_shutdown();
	tee_client_driver_unregister(&bare);
	assert_null(rng->dev.driver);
	device_unregister(&rng->dev);
	assert_trail("");
}

/* Callbacks of the embedded driver: each on its own, and only for want of the new one */
static void test_old_callbacks(void **state)
{
	struct tee_client_driver old = {
		.id_table = both,
		.driver = { .name = "old", .probe = old_probe, .remove = old_remove },
	};
	struct tee_client_device *rng = service_add("rng", RNG);

	trail[0] = '\0';
	assert_int_equal(tee_client_driver_register(&old), 0);
	/* It has a probe of the old kind and no shutdown at all. */
	device_shutdown();
	tee_client_driver_unregister(&old);
	assert_trail("old probe rng;old remove rng;");

	old.driver.probe = NULL;
	old.driver.shutdown = old_shutdown;
	old.remove = remove_;
	assert_int_equal(tee_client_driver_register(&old), 0);
	device_shutdown();
	tee_client_driver_unregister(&old);
	assert_trail("old shutdown rng;remove rng;");
	device_unregister(&rng->dev);
}

static int note_attr(void *data, const char *name, const char *text, size_t len)
{
	size_t at = strlen(trail);

	snprintf(trail + at, sizeof(trail) - at, "%s[%s]", name, text);
	return 0;
}

static void test_modalias(void **state)
{
	struct tee_client_driver client = CLIENT("client", both);
	struct tee_client_device *rng = service_add("rng", RNG);

	trail[0] = '\0';
	device_lock(&rng->dev);
	assert_int_equal(device_for_each_attr(&rng->dev, note_attr, NULL), 0);
	device_unlock(&rng->dev);
	assert_trail("uevent[MODALIAS=tee:ab7a617c-b8e7-4d8f-8301-d09b61036b64\n]"
		     "modalias[tee:ab7a617c-b8e7-4d8f-8301-d09b61036b64\n]");
	assert_int_equal(tee_client_driver_register(&client), 0);
	trail[0] = '\0';
	device_lock(&rng->dev);
	assert_int_equal(device_for_each_attr(&rng->dev, note_attr, NULL), 0);
	device_unlock(&rng->dev);
	assert_memory_equal(trail, "uevent[DRIVER=client\nMODALIAS=tee:ab7a", 37);
	tee_client_driver_unregister(&client);
	device_unregister(&rng->dev);
}

/* --- a driver that is a client --- */

static struct tee_context *client_ctx;
static uint32_t client_session;

static int any(struct tee_ioctl_version_data *vers, const void *data)
{
	return 1;
}

static int client_probe(struct tee_client_device *tcdev)
{
	struct tee_ioctl_open_session_arg arg = { .clnt_login = TEE_IOCTL_LOGIN_REE_KERNEL };
	int rc;

	client_ctx = tee_client_open_context(NULL, any, NULL, NULL);
	if (IS_ERR(client_ctx))
		return PTR_ERR(client_ctx);
	export_uuid(arg.uuid, &tcdev->id.uuid);
	rc = tee_client_open_session(client_ctx, &arg, NULL);
	if (rc) {
		tee_client_close_context(client_ctx);
		return rc;
	}
	client_session = arg.session;
	return 0;
}

static void client_remove(struct tee_client_device *tcdev)
{
	assert_int_equal(tee_client_close_session(client_ctx, client_session), 0);
	tee_client_close_context(client_ctx);
}

static void test_client(void **state)
{
	struct core *core = *state;
	struct tee_client_driver client = {
		.id_table = rng_only,
		.probe = client_probe,
		.remove = client_remove,
		.driver = { .name = "client" },
	};
	struct tee_client_device *rng = service_add("rng", RNG);

	core->tee.rc[FAKE_OPEN_SESSION] = -EIO;
	assert_int_equal(tee_client_driver_register(&client), 0);
	assert_null(rng->dev.driver);
	tee_client_driver_unregister(&client);

	core->tee.rc[FAKE_OPEN_SESSION] = 0;
	assert_int_equal(tee_client_driver_register(&client), 0);
	assert_int_equal(fake_tee_n_sessions(&core->tee), 1);
	device_unregister(&rng->dev);
	assert_int_equal(fake_tee_n_sessions(&core->tee), 0);
	tee_client_driver_unregister(&client);
}

static void test_faults(void **state)
{
	struct tee_client_driver client = CLIENT("client", both);
	struct tee_client_driver again = CLIENT("client", both);
	long live = kmem_live();

	kfault_set(1);
	assert_int_equal(tee_client_driver_register(&client), -ENOMEM);
	kfault_clear();
	assert_int_equal(kmem_live(), live);
	assert_int_equal(tee_client_driver_register(&client), 0);
	assert_int_equal(tee_client_driver_register(&again), -EBUSY);
	tee_client_driver_unregister(&client);
	assert_int_equal(kmem_live(), live);
}

int main(void)
{
	core_add("core bus: match, probe, remove, shutdown", test_match, NULL);
	core_add("core bus: the next driver", test_refused, NULL);
	core_add("core bus: a driver without callbacks", test_bare, NULL);
	core_add("core bus: callbacks of the embedded driver", test_old_callbacks, NULL);
	core_add("core bus: MODALIAS", test_modalias, NULL);
	core_add("core bus: a driver that is a client", test_client, NULL);
	core_add("core bus: faults", test_faults, NULL);
	return core_run("tee bus");
}
