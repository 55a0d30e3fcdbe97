/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mink_add: an object client of the QTEE
 *
 * Says who it is, asks a service of the trusted OS for its figures, has a trusted
 * application loaded, and lets it add two numbers. The TA's file is the argument, or
 * where the build puts it.
 */
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mink_add.h"
#include "object_client.h"

#define UID_APP_LOADER 3u
#define UID_DIAGNOSTICS 143u

/* Both the ioctl and what the QTEE says must be good. */
static void check(const char *what, int r, int32_t result)
{
	if (r < 0) {
		fprintf(stderr, "mink_add: cannot %s: %s\n", what, strerror(-r));
		exit(EXIT_FAILURE);
	}
	if (result != QTEE_OK) {
		fprintf(stderr, "mink_add: cannot %s: the QTEE says %d\n", what, result);
		exit(EXIT_FAILURE);
	}
}

static void show_heap(struct object_client *client, uint64_t env)
{
	uint32_t heap[6] = { 0 };
	struct tee_ioctl_param param = object_out(heap, sizeof(heap));
	int32_t result;
	uint64_t diagnostics;
	int r;

	r = object_env_open(client, env, UID_DIAGNOSTICS, &diagnostics, &result);
	check("open the diagnostics", r, result);
	r = object_invoke(client, diagnostics, 0, &param, 1, &result);
	check("ask for the heap", r, result);
	printf("heap of the QTEE: %u bytes, %u of them used\n", heap[0], heap[1]);
	object_release(client, diagnostics);
}

static void *read_file(const char *path, size_t *ret_size)
{
	FILE *f = fopen(path, "re");
	long size = -1;
	void *data;

	if (f && fseek(f, 0, SEEK_END) == 0)
		size = ftell(f);
	data = size > 0 ? malloc((size_t)size) : NULL;
	if (!data || fseek(f, 0, SEEK_SET) < 0 || fread(data, (size_t)size, 1, f) != 1) {
		fprintf(stderr, "mink_add: cannot read %s: %s\n", path, strerror(errno));
		exit(EXIT_FAILURE);
	}
	fclose(f);
	*ret_size = (size_t)size;
	return data;
}

/* BUILD/mink-ta, seen from BUILD/examples, where this program is */
static const char *default_path(void)
{
	static char path[PATH_MAX];
	char self[PATH_MAX - 64];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n < 0)
		return MINK_ADD_TA_NAME ".mbn";
	self[n] = '\0';
	snprintf(path, sizeof(path), "%s/../mink-ta/%s.mbn", dirname(self), MINK_ADD_TA_NAME);
	return path;
}

static uint64_t load(struct object_client *client, uint64_t env, const char *path)
{
	struct tee_ioctl_param params[2];
	uint64_t loader;
	int32_t result;
	size_t size;
	void *image = read_file(path, &size);
	int r;

	r = object_env_open(client, env, UID_APP_LOADER, &loader, &result);
	check("open the app loader", r, result);
	params[0] = object_in(image, size);
	params[1] = object_result();
	r = object_invoke(client, loader, 0, params, 2, &result);
	check("load the trusted application", r, result);
	free(image);
	object_release(client, loader);
	return params[1].a;
}

static uint32_t add(struct object_client *client, uint64_t app, uint32_t a, uint32_t b)
{
	struct mink_add_in in = { a, b };
	uint32_t sum = 0;
	struct tee_ioctl_param params[] = {
		object_in(&in, sizeof(in)),
		object_out(&sum, sizeof(sum)),
	};
	int32_t result;
	int r = object_invoke(client, app, MINK_ADD_OP_ADD, params, 2, &result);

	check("add", r, result);
	printf("%u + %u = %u\n", a, b, sum);
	return sum;
}

int main(int argc, char **argv)
{
	struct object_client client;
	struct tee_ioctl_param param = object_result();
	uint64_t env, controller, app;
	int32_t result;
	bool right;
	int r;

	r = object_client_open(&client, NULL, NULL, 1);
	if (r < 0) {
		fprintf(stderr, "mink_add: no QTEE (%s): is this `swtee run`?\n", strerror(-r));
		return EXIT_FAILURE;
	}
	r = object_client_register(&client, &env, &result);
	check("register", r, result);
	show_heap(&client, env);

	controller = load(&client, env, argc > 1 ? argv[1] : default_path());
	r = object_invoke(&client, controller, 2, &param, 1, &result);
	check("get the object of the trusted application", r, result);
	app = param.a;
	right = add(&client, app, 40, 2) == 42 && add(&client, app, UINT32_MAX, 1) == UINT32_MAX;

	object_release(&client, app);
	object_release(&client, controller);
	object_release(&client, env);
	object_client_close(&client);
	if (!right)
		fprintf(stderr, "mink_add: that is wrong\n");
	return right ? EXIT_SUCCESS : EXIT_FAILURE;
}
