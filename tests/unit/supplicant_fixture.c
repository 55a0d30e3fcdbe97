/* SPDX-License-Identifier: BSD-2-Clause */
#include "supplicant_fixture.h"

#include <dirent.h>
#include <fcntl.h>
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

#define N_DIRS 2

unsigned int count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

void write_at(int dir, const char *name, const char *text)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

bool exists_at(int dir, const char *name)
{
	return faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

void expect_text(int dir, const char *name, const char *text)
{
	char buf[64] = "";
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(read(fd, buf, sizeof(buf) - 1), strlen(text));
	assert_string_equal(buf, text);
	close(fd);
}

static bool was_root;

void leave_root(void)
{
	was_root = geteuid() == 0;
	if (was_root)
		assert_int_equal(seteuid(65534), 0);
}

void return_to_root(void)
{
	if (was_root)
		assert_int_equal(seteuid(0), 0);
}

int supp_setup(void **state)
{
	struct supp_fixture *f = calloc(1, sizeof(*f));
	char names[N_DIRS][80];
	const char *ta_dirs[N_DIRS];

	snprintf(f->dir, sizeof(f->dir), "/tmp/swtee-supplicant-XXXXXX");
	if (!mkdtemp(f->dir) || chmod(f->dir, 0755) < 0)
		return -1;
	f->n_fds = count_fds();
	f->top = open(f->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (mkdirat(f->top, "root", 0755) < 0 || mkdirat(f->top, "outside", 0777) < 0)
		return -1;
	write_at(f->top, "outside/secret", "secret");
	for (int i = 0; i < N_DIRS; i++) {
		snprintf(names[i], sizeof(names[i]), "%s/ta%d", f->dir, i);
		if (mkdir(names[i], 0755) < 0)
			return -1;
		ta_dirs[i] = names[i];
	}
	f->root = openat(f->top, "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = f;
	return supplicant_new(ta_dirs, N_DIRS, dup(f->root), &f->supplicant);
}

static void remove_tree(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct dirent *entry;
	DIR *list;

	if (fd < 0) {
		(void)unlinkat(dir, name, 0);
		return;
	}
	list = fdopendir(fd);
	while ((entry = readdir(list))) {
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			remove_tree(fd, entry->d_name);
	}
	closedir(list);
	(void)unlinkat(dir, name, AT_REMOVEDIR);
}

/* What is outside is as it was, and no descriptor is left. */
int supp_teardown(void **state)
{
	struct supp_fixture *f = *state;
	bool same;

	expect_text(f->top, "outside/secret", "secret");
	assert_int_equal(unlinkat(f->top, "outside/secret", 0), 0);
	assert_int_equal(unlinkat(f->top, "outside", AT_REMOVEDIR), 0);
	assert_null(supplicant_free(f->supplicant));
	close(f->root);
	close(f->top);
	same = count_fds() == f->n_fds;
	remove_tree(AT_FDCWD, f->dir);
	free(f);
	return same ? 0 : -1;
}

struct tee_param value(uint64_t attr, uint64_t a, uint64_t b, uint64_t c)
{
	return (struct tee_param){ .attr = attr, .u.value = { a, b, c } };
}

struct tee_shm shm_of(void *memory, size_t size)
{
	return (struct tee_shm){ .kaddr = memory, .size = size, .id = 1 };
}

struct tee_param memref(uint64_t attr, struct tee_shm *shm, size_t size)
{
	return (struct tee_param){ .attr = attr, .u.memref = { 0, size, shm } };
}

uint32_t request(struct supp_fixture *f, uint32_t func, size_t n, struct tee_param *param)
{
	const struct optee_supp_fallback *fallback = supplicant_get_fallback(f->supplicant);

	return fallback->request(fallback->data, func, n, param);
}
