/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Devices, drivers and buses: who gets whom, in which order, and what happens when one
 * of them goes while another is busy with it
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <linux/device.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "base/kernel/device.h"
#include "base/kernel/kmem.h"

/* Long enough for another thread to get stuck where it should */
#define A_MOMENT_US 20000

struct thing {
	struct device dev;
	char kind;
};

static atomic_int n_things;
static char trail[512];

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

static void thing_release(struct device *dev)
{
	atomic_fetch_sub(&n_things, 1);
	kfree(container_of(dev, struct thing, dev));
}

/* --- the bus: a driver "x..." is for things of kind x --- */

static int toy_match(struct device *dev, const struct device_driver *drv)
{
	return container_of(dev, struct thing, dev)->kind == drv->name[0];
}

static int toy_uevent(const struct device *dev, struct kobj_uevent_env *env)
{
	return add_uevent_var(env, "KIND=%c",
			      container_of_const(dev, struct thing, dev)->kind);
}

static ssize_t kind_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%c\n", container_of(dev, struct thing, dev)->kind);
}
static DEVICE_ATTR_RO(kind);

static ssize_t broken_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return -EIO;
}
static DEVICE_ATTR_RO(broken);

static ssize_t empty_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return 0;
}
static DEVICE_ATTR_RO(empty);

static struct attribute *toy_attrs[] = { &dev_attr_broken.attr, &dev_attr_kind.attr, NULL };
ATTRIBUTE_GROUPS(toy);
static struct attribute *own_attrs[] = { &dev_attr_empty.attr, NULL };
ATTRIBUTE_GROUPS(own);

static const struct bus_type toy_bus = {
	.name = "toy",
	.dev_groups = toy_groups,
	.match = toy_match,
	.uevent = toy_uevent,
};

static struct thing *thing_new(const char *name, char kind)
{
	struct thing *thing = kzalloc(sizeof(*thing), GFP_KERNEL);

	assert_non_null(thing);
	atomic_fetch_add(&n_things, 1);
	thing->kind = kind;
	thing->dev.bus = &toy_bus;
	thing->dev.release = thing_release;
	device_initialize(&thing->dev);
	assert_int_equal(dev_set_name(&thing->dev, "%s", name), 0);
	return thing;
}

static struct thing *thing_add(const char *name, char kind)
{
	struct thing *thing = thing_new(name, kind);

	assert_int_equal(device_add(&thing->dev), 0);
	return thing;
}

static int probe(struct device *dev)
{
	assert_non_null(dev->driver);
	note("probe", dev);
	return 0;
}

static int refuse(struct device *dev)
{
	note("refuse", dev);
	dev_set_drvdata(dev, dev);
	return -ENODEV;
}

static int remove_(struct device *dev)
{
	note("remove", dev);
	return 0;
}

static void shut(struct device *dev)
{
	note("shutdown", dev);
}

#define DRIVER(_name, _probe) (struct device_driver){ \
	.name = _name, .bus = &toy_bus, .probe = _probe, .remove = remove_, .shutdown = shut, \
}

static long live;

static int setup(void **state)
{
	live = kmem_live();
	trail[0] = '\0';
	return bus_register(&toy_bus);
}

static int teardown(void **state)
{
	bus_unregister(&toy_bus);
	assert_int_equal(atomic_load(&n_things), 0);
	assert_int_equal(kmem_live(), live);
	return 0;
}

/* --- life --- */

static void test_life(void **state)
{
	struct thing *thing = thing_new("one", 'a');

	assert_ptr_equal(get_device(&thing->dev), &thing->dev);
	assert_int_equal(device_add(&thing->dev), 0);
	assert_string_equal(dev_name(&thing->dev), "one");
	device_unregister(&thing->dev);
	assert_int_equal(atomic_load(&n_things), 1);
	put_device(&thing->dev);
	assert_int_equal(atomic_load(&n_things), 0);
	assert_null(get_device(NULL));
	put_device(NULL);
}

static void test_add_errors(void **state)
{
	static const struct bus_type nowhere = { .name = "nowhere" };
	struct thing *thing = thing_add("one", 'a');
	struct thing *other = thing_new("one", 'b');
	struct thing *nameless = kzalloc(sizeof(*nameless), GFP_KERNEL);

	assert_int_equal(device_add(&other->dev), -EEXIST);
	assert_int_equal(dev_set_name(&other->dev, "o%s", "ther"), 0);
	other->dev.bus = &nowhere;
	assert_int_equal(device_add(&other->dev), -EINVAL);
	put_device(&other->dev);

	atomic_fetch_add(&n_things, 1);
	nameless->dev.release = thing_release;
	nameless->dev.bus = &toy_bus;
	assert_int_equal(device_register(&nameless->dev), -EINVAL);
	kfault_set(1);
	assert_int_equal(dev_set_name(&nameless->dev, "x"), -ENOMEM);
	kfault_clear();
	put_device(&nameless->dev);

	/* A bus of another name is another bus; one of the same is refused. */
	assert_int_equal(bus_register(&(struct bus_type){ .name = "toy" }), -EBUSY);
	kfault_set(1);
	assert_int_equal(bus_register(&nowhere), -ENOMEM);
	kfault_clear();
	assert_int_equal(bus_for_each_dev(&nowhere, NULL, NULL, NULL), -EINVAL);
	bus_unregister(&nowhere);
	device_unregister(&thing->dev);
}

/* --- binding --- */

static void test_orders(void **state)
{
	struct device_driver a = DRIVER("a", probe);
	struct device_driver b = DRIVER("b", probe);
	struct thing *one = thing_add("one", 'a');
	struct thing *two;

	/* The device was first, then the driver is. */
	assert_trail("");
	assert_int_equal(driver_register(&a), 0);
	two = thing_add("two", 'a');
	assert_int_equal(driver_register(&b), 0);
	assert_trail("probe one;probe two;");
	assert_ptr_equal(one->dev.driver, &a);

	/* The driver goes and comes back; then the devices go. */
	driver_unregister(&a);
	assert_trail("remove one;remove two;");
	assert_null(one->dev.driver);
	assert_int_equal(driver_register(&a), 0);
	assert_trail("probe one;probe two;");
	device_unregister(&one->dev);
	assert_trail("remove one;");
	driver_unregister(&a);
	assert_trail("remove two;");
	device_unregister(&two->dev);
	driver_unregister(&b);
	assert_trail("");
}

static void test_second_driver(void **state)
{
	struct device_driver no = DRIVER("a-no", refuse);
	struct device_driver yes = DRIVER("a-yes", probe);
	struct device_driver late = DRIVER("a-late", probe);
	struct thing *one;

	assert_int_equal(driver_register(&no), 0);
	assert_int_equal(driver_register(&yes), 0);
	assert_int_equal(driver_register(&late), 0);
	one = thing_add("one", 'a');
	assert_trail("refuse one;probe one;");
	assert_ptr_equal(one->dev.driver, &yes);
	/* What the one that refused had left is not there for the next. */
	assert_null(dev_get_drvdata(&one->dev));
	driver_unregister(&yes);
	/* As in a kernel: the next one gets it when somebody registers. */
	assert_trail("remove one;");
	device_unregister(&one->dev);
	driver_unregister(&no);
	driver_unregister(&late);
}

static void test_driver_errors(void **state)
{
	static const struct bus_type nowhere = { .name = "nowhere" };
	struct device_driver a = DRIVER("a", probe);
	struct device_driver again = DRIVER("a", probe);
	struct device_driver lost = { .name = "lost", .bus = &nowhere };

	assert_int_equal(driver_register(&lost), -EINVAL);
	assert_int_equal(driver_register(&a), 0);
	assert_int_equal(driver_register(&again), -EBUSY);
	kfault_set(1);
	assert_int_equal(driver_register(&again), -ENOMEM);
	kfault_clear();
	driver_unregister(&a);
}

/* --- notifiers --- */

static int on_event(struct notifier_block *nb, unsigned long event, void *data)
{
	static const char *const names[] = {
		[BUS_NOTIFY_ADD_DEVICE] = "add",
		[BUS_NOTIFY_DEL_DEVICE] = "del",
		[BUS_NOTIFY_REMOVED_DEVICE] = "removed",
		[BUS_NOTIFY_BIND_DRIVER] = "bind",
		[BUS_NOTIFY_BOUND_DRIVER] = "bound",
		[BUS_NOTIFY_UNBIND_DRIVER] = "unbind",
		[BUS_NOTIFY_UNBOUND_DRIVER] = "unbound",
		[BUS_NOTIFY_DRIVER_NOT_BOUND] = "not-bound",
	};

	note(names[event], data);
	return NOTIFY_OK;
}

static int on_event_first(struct notifier_block *nb, unsigned long event, void *data)
{
	if (event == BUS_NOTIFY_ADD_DEVICE)
		note("first", data);
	return NOTIFY_DONE;
}

static void test_notifiers(void **state)
{
	static const struct bus_type nowhere = { .name = "nowhere" };
	struct notifier_block nb = { .notifier_call = on_event };
	struct notifier_block first = { .notifier_call = on_event_first, .priority = 1 };
	struct device_driver no = DRIVER("a-no", refuse);
	struct device_driver yes = DRIVER("a-yes", probe);
	struct thing *one;

	assert_int_equal(bus_register_notifier(&nowhere, &nb), -EINVAL);
	assert_int_equal(bus_unregister_notifier(&nowhere, &nb), -EINVAL);
	assert_int_equal(bus_unregister_notifier(&toy_bus, &nb), -ENOENT);
	assert_int_equal(bus_register_notifier(&toy_bus, &nb), 0);
	assert_int_equal(bus_register_notifier(&toy_bus, &first), 0);
	assert_int_equal(driver_register(&no), 0);
	assert_int_equal(driver_register(&yes), 0);
	one = thing_add("1", 'a');
	assert_trail("first 1;add 1;bind 1;refuse 1;not-bound 1;bind 1;probe 1;bound 1;");
	get_device(&one->dev);
	device_unregister(&one->dev);
	assert_trail("del 1;unbind 1;remove 1;unbound 1;removed 1;");
	put_device(&one->dev);
	assert_int_equal(bus_unregister_notifier(&toy_bus, &first), 0);
	assert_int_equal(bus_unregister_notifier(&toy_bus, &nb), 0);
	one = thing_add("2", 'b');
	assert_trail("");
	device_unregister(&one->dev);
	driver_unregister(&no);
	driver_unregister(&yes);
}

/* --- walks --- */

static struct thing *walked[3];

/* Takes the device away at which the walk is, and the next one; adds one behind it. */
static int walk_and_change(struct device *dev, void *data)
{
	note("at", dev);
	if (dev == &walked[0]->dev) {
		device_unregister(&walked[0]->dev);
		device_unregister(&walked[1]->dev);
		*(struct thing **)data = thing_add("new", 'a');
	}
	return 0;
}

static int stop_at(struct device *dev, void *data)
{
	note("at", dev);
	return dev == data ? 4711 : 0;
}

static void test_walk(void **state)
{
	static const char *const names[] = { "0", "1", "2" };
	struct thing *new = NULL;
	struct device *found;

	for (int i = 0; i < 3; i++)
		walked[i] = thing_add(names[i], 'a');
	assert_int_equal(bus_for_each_dev(&toy_bus, NULL, &new, walk_and_change), 0);
	assert_trail("at 0;at 2;at new;");
	assert_int_equal(bus_for_each_dev(&toy_bus, NULL, &walked[2]->dev, stop_at), 4711);
	assert_int_equal(bus_for_each_dev(&toy_bus, &walked[2]->dev, NULL, stop_at), 0);
	assert_trail("at 2;at new;");

	found = bus_find_device_by_name(&toy_bus, NULL, "new");
	assert_ptr_equal(found, &new->dev);
	put_device(found);
	assert_null(bus_find_device_by_name(&toy_bus, found, "new"));
	assert_null(bus_find_device_by_name(&toy_bus, NULL, "0"));
	device_unregister(&new->dev);
	device_unregister(&walked[2]->dev);
}

static void test_shutdown(void **state)
{
	struct device_driver a = DRIVER("a", probe);
	struct thing *one = thing_add("one", 'a');
	struct thing *two = thing_add("two", 'b');
	struct thing *three = thing_add("three", 'a');

	assert_int_equal(driver_register(&a), 0);
	trail[0] = '\0';
	device_shutdown();
	assert_trail("shutdown three;shutdown one;");
	device_unregister(&one->dev);
	device_unregister(&two->dev);
	device_unregister(&three->dev);
	driver_unregister(&a);
}

/* --- attributes --- */

static int note_attr(void *data, const char *name, const char *text, size_t len)
{
	size_t at = strlen(trail);

	assert_int_equal(strlen(text), len);
	snprintf(trail + at, sizeof(trail) - at, "%s[%s]", name, text);
	return data && !strcmp(data, name) ? 4711 : 0;
}

static void test_attrs(void **state)
{
	struct device_driver a = DRIVER("a", NULL);
	struct thing *one = thing_new("one", 'a');

	one->dev.groups = own_groups;
	assert_int_equal(device_add(&one->dev), 0);
	device_lock(&one->dev);
	assert_int_equal(device_for_each_attr(&one->dev, note_attr, NULL), 0);
	device_unlock(&one->dev);
	assert_trail("uevent[KIND=a\n]kind[a\n]empty[]");
	assert_int_equal(driver_register(&a), 0);
	device_lock(&one->dev);
	assert_int_equal(device_for_each_attr(&one->dev, note_attr, "kind"), 4711);
	assert_trail("uevent[DRIVER=a\nKIND=a\n]kind[a\n]");
	for (unsigned long n = 1; n <= 2; n++) {
		kfault_set(n);
		assert_int_equal(device_for_each_attr(&one->dev, note_attr, NULL), -ENOMEM);
		assert_true(kfault_hit());
		assert_trail("");
	}
	kfault_clear();
	device_unlock(&one->dev);
	driver_unregister(&a);
	device_unregister(&one->dev);
}

static void test_uevent_full(void **state)
{
	struct kobj_uevent_env *env = calloc(1, sizeof(*env));
	char text[UEVENT_BUFFER_SIZE + 1];
	int n = 0;

	assert_non_null(env);
	memset(text, 'x', sizeof(text));
	text[UEVENT_BUFFER_SIZE] = '\0';
	assert_int_equal(add_uevent_var(env, "%s", text), -ENOMEM);
	assert_int_equal(env->envp_idx, 0);
	assert_int_equal(add_uevent_var(env, "%s", text + 1), 0);
	assert_int_equal(add_uevent_var(env, "y"), -ENOMEM);
	assert_string_equal(env->envp[0], text + 1);

	memset(env, 0, sizeof(*env));
	while (add_uevent_var(env, "N=%d", n) == 0)
		n++;
	assert_int_equal(n, UEVENT_NUM_ENVP);
	assert_string_equal(env->envp[n - 1], "N=63");
	free(env);
}

/* --- side by side --- */

static pthread_mutex_t door = PTHREAD_MUTEX_INITIALIZER;
static atomic_int n_bound, n_probing;
static atomic_bool done;

static int slow_probe(struct device *dev)
{
	atomic_fetch_add(&n_probing, 1);
	pthread_mutex_lock(&door);
	pthread_mutex_unlock(&door);
	atomic_fetch_add(&n_bound, 1);
	return 0;
}

static int count_probe(struct device *dev)
{
	atomic_fetch_add(&n_bound, 1);
	return 0;
}

static int count_remove(struct device *dev)
{
	atomic_fetch_sub(&n_bound, 1);
	return 0;
}

static void *unregister_driver(void *data)
{
	driver_unregister(data);
	atomic_store(&done, true);
	return NULL;
}

static void *add_one(void *data)
{
	*(struct thing **)data = thing_add("one", 'a');
	return NULL;
}

static void test_unregister_waits_for_probe(void **state)
{
	struct device_driver a = {
		.name = "a", .bus = &toy_bus, .probe = slow_probe, .remove = count_remove,
	};
	pthread_t adder, remover;
	struct thing *one = NULL;

	atomic_store(&done, false);
	atomic_store(&n_bound, 0);
	atomic_store(&n_probing, 0);
	assert_int_equal(driver_register(&a), 0);
	pthread_mutex_lock(&door);
	assert_int_equal(pthread_create(&adder, NULL, add_one, &one), 0);
	while (!atomic_load(&n_probing))
		usleep(1000);
	assert_int_equal(pthread_create(&remover, NULL, unregister_driver, &a), 0);
	usleep(A_MOMENT_US);
	assert_false(atomic_load(&done));
	pthread_mutex_unlock(&door);
	pthread_join(remover, NULL);
	pthread_join(adder, NULL);
	assert_int_equal(atomic_load(&n_bound), 0);
	assert_null(one->dev.driver);
	device_unregister(&one->dev);
}

#define ROUNDS 300

static void *churn_devices(void *data)
{
	for (int i = 0; i < ROUNDS; i++) {
		struct thing *thing = thing_add(data, 'a');

		device_unregister(&thing->dev);
	}
	return NULL;
}

static void *churn_driver(void *data)
{
	struct device_driver *drv = data;

	for (int i = 0; i < ROUNDS; i++) {
		assert_int_equal(driver_register(drv), 0);
		driver_unregister(drv);
	}
	return NULL;
}

static int count_dev(struct device *dev, void *data)
{
	return 0;
}

static void test_churn(void **state)
{
	struct device_driver drivers[2] = {
		{ .name = "a1", .bus = &toy_bus, .probe = count_probe, .remove = count_remove },
		{ .name = "a2", .bus = &toy_bus, .probe = count_probe, .remove = count_remove },
	};
	static const char *const names[2] = { "one", "two" };
	pthread_t threads[4];
	struct thing *stays = thing_add("stays", 'a');

	atomic_store(&n_bound, 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(pthread_create(&threads[i], NULL, churn_devices,
						(void *)names[i]), 0);
		assert_int_equal(pthread_create(&threads[2 + i], NULL, churn_driver,
						&drivers[i]), 0);
	}
	for (int i = 0; i < ROUNDS; i++)
		assert_int_equal(bus_for_each_dev(&toy_bus, NULL, NULL, count_dev), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	/* Each probe had its remove, whoever went first. */
	assert_int_equal(atomic_load(&n_bound), 0);
	assert_null(stays->dev.driver);
	device_unregister(&stays->dev);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_life),
		TEST(test_add_errors),
		TEST(test_orders),
		TEST(test_second_driver),
		TEST(test_driver_errors),
		TEST(test_notifiers),
		TEST(test_walk),
		TEST(test_shutdown),
		TEST(test_attrs),
		TEST(test_uevent_full),
		TEST(test_unregister_waits_for_probe),
		TEST(test_churn),
	};

	return cmocka_run_group_tests_name("kernel device", tests, NULL, NULL);
}
