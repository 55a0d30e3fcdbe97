/* SPDX-License-Identifier: BSD-2-Clause */
#include "platform_files.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <linux/uaccess.h>

#include "normal/platform.h"
#include "normal/tee/tee_core.h"

#define MAX_NUMBERS 8192
#define MAX_MISC 8

struct platform_file {
	const struct platform_file_ops *ops;
	void *priv;
	unsigned int fds;
	unsigned int users;	/* calls, and one for all descriptors */
};

struct platform_shm_file {
	struct tee_shm *shm;
};

/* A number that is taken but not yet given out has no process. */
struct number {
	struct platform_file *file;	/* or */
	struct tee_shm *shm;
	bool taken;
	int process;
};

struct pending {
	struct pending *next;
	int fd;
	int process;
};

struct platform_files platform_files;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct number numbers[MAX_NUMBERS];
static struct platform_misc *miscs[MAX_MISC];
static _Thread_local int this_process;

void platform_files_reset(void)
{
	if (platform_files_count())
		abort();
	platform_files = (struct platform_files){ 0 };
}

void platform_files_set_process(int process)
{
	this_process = process;
}

size_t platform_files_count(void)
{
	size_t n = 0;

	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < MAX_NUMBERS; i++)
		n += numbers[i].taken;
	for (size_t i = 0; i < MAX_MISC; i++)
		n += miscs[i] != NULL;
	pthread_mutex_unlock(&lock);
	return n;
}

static struct number *number_locked(int fd)
{
	struct number *number;

	if (fd < PLATFORM_FILES_FIRST || fd >= PLATFORM_FILES_FIRST + MAX_NUMBERS)
		return NULL;
	number = &numbers[fd - PLATFORM_FILES_FIRST];
	return number->taken && number->process == this_process ? number : NULL;
}

static int take_number(int process, struct platform_file *file, struct tee_shm *shm)
{
	int fd = -EMFILE;

	pthread_mutex_lock(&lock);
	for (int i = 0; i < MAX_NUMBERS && fd < 0; i++) {
		if (!numbers[i].taken) {
			numbers[i] = (struct number){ file, shm, true, process };
			if (file)
				file->fds++;
			fd = PLATFORM_FILES_FIRST + i;
		}
	}
	pthread_mutex_unlock(&lock);
	return fd;
}

static void file_leave(struct platform_file *file)
{
	bool last;

	pthread_mutex_lock(&lock);
	last = --file->users == 0;
	pthread_mutex_unlock(&lock);
	if (last) {
		file->ops->release(file->priv);
		free(file);
	}
}

static int number_close(int fd, bool own)
{
	struct number was;
	struct number *number;
	bool last = false;

	pthread_mutex_lock(&lock);
	number = own ? number_locked(fd) : &numbers[fd - PLATFORM_FILES_FIRST];
	if (!number) {
		pthread_mutex_unlock(&lock);
		return -EBADF;
	}
	was = *number;
	*number = (struct number){ 0 };
	if (was.file)
		last = --was.file->fds == 0;
	pthread_mutex_unlock(&lock);

	if (was.shm)
		tee_shm_put(was.shm);
	if (last) {
		if (was.file->ops->hang_up)
			was.file->ops->hang_up(was.file->priv);
		file_leave(was.file);
	}
	return 0;
}

/* --- what a test does --- */

static struct platform_file *file_new(const struct platform_file_ops *ops, void *priv)
{
	struct platform_file *file = calloc(1, sizeof(*file));

	if (!file)
		abort();
	file->ops = ops;
	file->priv = priv;
	file->users = 1;
	return file;
}

int platform_files_open(const char *name)
{
	struct platform_misc *misc = NULL;
	void *priv;
	int rc;

	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < MAX_MISC && !misc; i++) {
		if (miscs[i] && !strcmp(miscs[i]->name, name))
			misc = miscs[i];
	}
	pthread_mutex_unlock(&lock);
	if (!misc)
		return -ENOENT;
	rc = misc->open(misc, &priv);
	return rc ?: take_number(this_process, file_new(misc->fops, priv), NULL);
}

static struct platform_file *file_enter(int fd, const struct platform_file_ops *ops, int *rc)
{
	struct platform_file *file = NULL;
	struct number *number;

	pthread_mutex_lock(&lock);
	number = number_locked(fd);
	*rc = number ? -EINVAL : -EBADF;
	if (number && number->file && (!ops || number->file->ops == ops)) {
		file = number->file;
		file->users++;
	}
	pthread_mutex_unlock(&lock);
	return file;
}

long platform_files_ioctl(int fd, unsigned int cmd, unsigned long arg)
{
	int none;
	struct platform_file *file = file_enter(fd, NULL, &none);
	long rc;

	if (!file)
		return none;
	rc = file->ops->ioctl(file->priv, cmd, arg);
	file_leave(file);
	return rc;
}

int platform_files_close(int fd)
{
	return number_close(fd, /* own: */ true);
}

size_t platform_files_close_all(void)
{
	size_t n = 0;

	for (int i = 0; i < MAX_NUMBERS; i++) {
		if (numbers[i].taken) {
			(void)number_close(PLATFORM_FILES_FIRST + i, /* own: */ false);
			n++;
		}
	}
	return n;
}

int platform_files_send(int fd, int process)
{
	int none, copy;
	struct platform_file *file = file_enter(fd, NULL, &none);

	if (!file)
		return none;
	copy = take_number(process, file, NULL);
	file_leave(file);
	return copy;
}

struct tee_shm *platform_files_shm(int fd)
{
	struct tee_shm *shm;
	struct number *number;

	pthread_mutex_lock(&lock);
	number = number_locked(fd);
	shm = number ? number->shm : NULL;
	pthread_mutex_unlock(&lock);
	return shm;
}

/* --- what the driver asks for --- */

int platform_misc_publish(struct platform_misc *misc)
{
	int rc = -EEXIST;

	if (platform_files.publish_rc)
		return platform_files.publish_rc;
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < MAX_MISC; i++) {
		if (miscs[i] && !strcmp(miscs[i]->name, misc->name))
			goto out_unlock;
	}
	for (size_t i = 0; i < MAX_MISC; i++) {
		if (!miscs[i]) {
			miscs[i] = misc;
			rc = 0;
			break;
		}
	}
out_unlock:
	pthread_mutex_unlock(&lock);
	return rc;
}

void platform_misc_withdraw(struct platform_misc *misc)
{
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < MAX_MISC; i++) {
		if (miscs[i] == misc)
			miscs[i] = NULL;
	}
	pthread_mutex_unlock(&lock);
}

int platform_file_get(int fd, const struct platform_file_ops *ops,
		      struct platform_file **ret_file)
{
	int rc;

	*ret_file = file_enter(fd, ops, &rc);
	return *ret_file ? 0 : rc;
}

void *platform_file_priv(struct platform_file *file)
{
	return file->priv;
}

void platform_file_put(struct platform_file *file)
{
	file_leave(file);
}

int platform_shm_file_get(int fd, struct platform_shm_file **ret_file)
{
	struct platform_shm_file *file;
	struct tee_shm *shm;
	struct number *number;

	pthread_mutex_lock(&lock);
	number = number_locked(fd);
	shm = number ? number->shm : NULL;
	if (!shm && !number && platform_files.find_shm)
		shm = platform_files.find_shm(fd);
	if (shm)
		tee_shm_get(shm);
	pthread_mutex_unlock(&lock);
	if (!shm)
		return number ? -EINVAL : -EBADF;
	if (platform_files.read_only) {
		tee_shm_put(shm);
		return -EACCES;
	}
	file = calloc(1, sizeof(*file));
	if (!file)
		abort();
	file->shm = shm;
	*ret_file = file;
	return 0;
}

struct tee_shm *platform_shm_file_shm(struct platform_shm_file *file)
{
	return file->shm;
}

void platform_shm_file_put(struct platform_shm_file *file)
{
	tee_shm_put(file->shm);
	free(file);
}

static int add_rc(void)
{
	int rc = 0;

	pthread_mutex_lock(&lock);
	if (platform_files.add_rc && platform_files.add_left)
		platform_files.add_left--;
	else
		rc = platform_files.add_rc;
	pthread_mutex_unlock(&lock);
	return rc;
}

/* As a kernel does: the number at once, the process' only when all is over. */
static int pending_add(struct platform_fds *fds, int fd, u64 __user *number)
{
	struct pending *pending = calloc(1, sizeof(*pending));
	u64 value = (u64)fd;

	if (!pending)
		abort();
	pending->fd = fd;
	pending->process = this_process;
	pending->next = fds->first;
	fds->first = pending;
	return put_user(value, number);
}

int platform_fds_add_file(struct platform_fds *fds, const struct platform_file_ops *ops,
			  void *priv, u64 __user *number)
{
	static const u64 none = U64_MAX;
	int rc = add_rc();

	if (!rc && copy_to_user(number, &none, sizeof(none)))
		rc = -EFAULT;
	return rc ?: pending_add(fds, take_number(-1, file_new(ops, priv), NULL), number);
}

int platform_fds_add_shm(struct platform_fds *fds, struct platform_shm_file *file,
			 u64 __user *number)
{
	int rc = add_rc();

	if (rc)
		return rc;
	tee_shm_get(file->shm);
	return pending_add(fds, take_number(-1, NULL, file->shm), number);
}

void platform_fds_commit(struct platform_fds *fds)
{
	struct pending *pending;

	while ((pending = fds->first)) {
		fds->first = pending->next;
		pthread_mutex_lock(&lock);
		numbers[pending->fd - PLATFORM_FILES_FIRST].process = pending->process;
		pthread_mutex_unlock(&lock);
		free(pending);
	}
}

void platform_fds_abort(struct platform_fds *fds)
{
	struct pending *pending;

	while ((pending = fds->first)) {
		fds->first = pending->next;
		(void)number_close(pending->fd, /* own: */ false);
		free(pending);
	}
}
