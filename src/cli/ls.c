/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * swtee ls: the devices of an instance
 *
 * A client device is opened and asked for its version. A privileged one is not:
 * to open it is to become the supplicant, and whoever waits for one would be
 * failed when we close it again. What the trusted OS is stands, as in a kernel, in
 * attribute files, for both.
 */
#include "cli/cli.h"

#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <json-c/json.h>

#include "abi/front.h"
#include "abi/tee.h"
#include "base/auto.h"
#include "client/front/front.h"

struct device {
	char name[NAME_MAX + 1];
	struct front_node node;
	int error;		/* negative errno: it did not answer */
	struct tee_ioctl_version_data version;
	char revision[128];	/* of the trusted OS; empty when it does not say */
};

struct devices {
	struct device *dev;	/* owned */
	size_t n;
};

struct word {
	__u32 bit;
	const char *name;
};

static const struct word gen_caps[] = {
	{ TEE_GEN_CAP_GP, "gp" },
	{ TEE_GEN_CAP_PRIVILEGED, "privileged" },
	{ TEE_GEN_CAP_REG_MEM, "reg-mem" },
	{ TEE_GEN_CAP_MEMREF_NULL, "memref-null" },
	{ TEE_GEN_CAP_OBJREF, "objref" },
};

static const char *impl_name(__u32 id)
{
	switch (id) {
	case TEE_IMPL_ID_OPTEE:
		return "OP-TEE";
	case TEE_IMPL_ID_AMDTEE:
		return "AMD-TEE";
	case TEE_IMPL_ID_TSTEE:
		return "Trusted Services";
	case TEE_IMPL_ID_QTEE:
		return "QTEE";
	default:
		return "unknown";
	}
}

/* A line of <dir>/sys/class/tee/<device>/<attribute>; empty without one. */
static void read_attribute(const char *dir, const char *name, const char *attribute, char *buf,
			   size_t size)
{
	char path[PATH_MAX];
	FILE *f;

	buf[0] = '\0';
	if (snprintf(path, sizeof(path), "%s/sys/class/tee/%s/%s", dir, name, attribute) >=
	    (int)sizeof(path))
		return;
	f = fopen(path, "re");
	if (!f)
		return;
	if (!fgets(buf, (int)size, f))
		buf[0] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
	fclose(f);
}

static void ask(const char *dir, struct device *dev)
{
	AUTO(close_fd) int fd = -1;
	char id[16];

	read_attribute(dir, dev->name, "revision", dev->revision, sizeof(dev->revision));
	if (dev->node.privileged) {
		read_attribute(dir, dev->name, "implementation_id", id, sizeof(id));
		dev->version.impl_id = (__u32)strtoul(id, NULL, 10);
		dev->version.gen_caps = TEE_GEN_CAP_PRIVILEGED;
		return;
	}
	fd = front_open(dir, dev->name);
	dev->error = fd < 0 ? fd : front_ioctl(fd, TEE_IOC_VERSION, (unsigned long)&dev->version);
}

static int by_number(const void *a, const void *b)
{
	const struct front_node *x = &((const struct device *)a)->node;
	const struct front_node *y = &((const struct device *)b)->node;

	if (x->privileged != y->privileged)
		return x->privileged ? 1 : -1;
	return (x->number > y->number) - (x->number < y->number);
}

static int add(struct devices *devices, const char *name, const struct front_node *node)
{
	struct device *more = reallocarray(devices->dev, devices->n + 1, sizeof(*more));
	struct device *dev;

	if (!more)
		return -ENOMEM;
	devices->dev = more;
	dev = &more[devices->n++];
	*dev = (struct device){ .node = *node };
	snprintf(dev->name, sizeof(dev->name), "%s", name);
	return 0;
}

static int find(const char *dir, struct devices *devices)
{
	DIR *d = opendir(dir);
	struct dirent *entry;
	int r = 0;

	if (!d)
		return -errno;
	while (r == 0 && (entry = readdir(d))) {
		struct front_node node;

		if (front_node_parse(entry->d_name, &node))
			r = add(devices, entry->d_name, &node);
	}
	closedir(d);
	if (devices->n)
		qsort(devices->dev, devices->n, sizeof(*devices->dev), by_number);
	return r;
}

/* --- as a table --- */

static void join(char *buf, size_t size, const char *word)
{
	size_t len = strlen(buf);

	snprintf(buf + len, size - len, "%s%s", len ? "," : "", word);
}

static void gen_caps_words(__u32 caps, char *buf, size_t size)
{
	char rest[16];

	buf[0] = '\0';
	for (size_t i = 0; i < sizeof(gen_caps) / sizeof(gen_caps[0]); i++) {
		if (caps & gen_caps[i].bit)
			join(buf, size, gen_caps[i].name);
		caps &= ~gen_caps[i].bit;
	}
	if (caps) {
		snprintf(rest, sizeof(rest), "0x%x", caps);
		join(buf, size, rest);
	}
	if (!buf[0])
		join(buf, size, "-");
}

static void impl_caps_words(const struct tee_ioctl_version_data *v, char *buf, size_t size)
{
	if (v->impl_id == TEE_IMPL_ID_OPTEE && v->impl_caps == TEE_OPTEE_CAP_TZ)
		snprintf(buf, size, "trustzone");
	else if (v->impl_id == TEE_IMPL_ID_TSTEE)
		snprintf(buf, size, "endpoint 0x%04x", v->impl_caps);
	else if (v->impl_caps)
		snprintf(buf, size, "0x%x", v->impl_caps);
	else
		snprintf(buf, size, "-");
}

static void print_row(const struct device *dev)
{
	char impl_caps[32], caps[128];

	if (dev->error) {
		printf("%-10s does not answer: %s\n", dev->name, strerror(-dev->error));
		return;
	}
	impl_caps_words(&dev->version, impl_caps, sizeof(impl_caps));
	gen_caps_words(dev->version.gen_caps, caps, sizeof(caps));
	printf("%-10s %-17s %-16s %-12s %s\n", dev->name, impl_name(dev->version.impl_id),
	       dev->revision[0] ? dev->revision : "-", impl_caps, caps);
}

static void print_table(const struct devices *devices)
{
	printf("%-10s %-17s %-16s %-12s %s\n", "DEVICE", "IMPLEMENTATION", "REVISION", "IMPL-CAPS",
	       "GEN-CAPS");
	for (size_t i = 0; i < devices->n; i++)
		print_row(&devices->dev[i]);
}

/* --- as JSON --- */

static struct json_object *device_json(const struct device *dev)
{
	const struct tee_ioctl_version_data *v = &dev->version;
	struct json_object *o = json_object_new_object(), *caps;

	json_object_object_add(o, "name", json_object_new_string(dev->name));
	json_object_object_add(o, "privileged", json_object_new_boolean(dev->node.privileged));
	if (dev->revision[0])
		json_object_object_add(o, "revision", json_object_new_string(dev->revision));
	if (dev->node.privileged) {
		json_object_object_add(o, "impl_id", json_object_new_int64(v->impl_id));
		json_object_object_add(o, "impl", json_object_new_string(impl_name(v->impl_id)));
		return o;
	}
	if (dev->error) {
		json_object_object_add(o, "error", json_object_new_string(strerror(-dev->error)));
		return o;
	}
	json_object_object_add(o, "impl_id", json_object_new_int64(v->impl_id));
	json_object_object_add(o, "impl", json_object_new_string(impl_name(v->impl_id)));
	json_object_object_add(o, "impl_caps", json_object_new_int64(v->impl_caps));
	json_object_object_add(o, "gen_caps", json_object_new_int64(v->gen_caps));
	caps = json_object_new_array();
	for (size_t i = 0; i < sizeof(gen_caps) / sizeof(gen_caps[0]); i++) {
		if (v->gen_caps & gen_caps[i].bit)
			json_object_array_add(caps, json_object_new_string(gen_caps[i].name));
	}
	json_object_object_add(o, "gen_caps_names", caps);
	return o;
}

static void print_json(const struct devices *devices)
{
	struct json_object *all = json_object_new_array();

	for (size_t i = 0; i < devices->n; i++)
		json_object_array_add(all, device_json(&devices->dev[i]));
	puts(json_object_to_json_string_ext(all, JSON_C_TO_STRING_PRETTY));
	json_object_put(all);
}

/* --- */

static int parse(int argc, char **argv, bool *ret_json)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	*ret_json = false;
	opterr = 0;
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c != 'j') {
			cli_error(0, "ls: unknown option '%s'; it knows only --json",
				  argv[optind - 1]);
			return -EINVAL;
		}
		*ret_json = true;
	}
	if (optind < argc) {
		cli_error(0, "ls: '%s' is not expected here; usage: swtee ls [--json]",
			  argv[optind]);
		return -EINVAL;
	}
	return 0;
}

int cli_ls(int argc, char **argv)
{
	char dir[PATH_MAX];
	struct devices devices = { 0 };
	bool json;
	int r;

	if (parse(argc, argv, &json) < 0)
		return EXIT_SWTEE;
	if (cli_runtime_dir(NULL, dir) < 0)
		return EXIT_SWTEE;
	r = find(dir, &devices);
	if (r < 0) {
		free(devices.dev);
		cli_error(r, "no instance at %s; use \"swtee run\" or start swteed", dir);
		return EXIT_FAILURE;
	}
	for (size_t i = 0; i < devices.n; i++)
		ask(dir, &devices.dev[i]);
	if (json)
		print_json(&devices);
	else
		print_table(&devices);
	free(devices.dev);
	return 0;
}
