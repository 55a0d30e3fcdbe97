/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The built-in supplicant: files of the trusted OS
 *
 * Source: facts on OP-TEE, 4.3. Names come from the secure world and are not
 * trusted: they are relative, and openat2(RESOLVE_BENEATH | NO_SYMLINKS) keeps
 * every one of them below the root. Handles are indices of a table, never
 * descriptor numbers of ours.
 */
#include "supplicant_private.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "abi/optee_rpc.h"
#include "abi/tee_result.h"
#include "base/auto.h"
#include "normal/tee/tee_core.h"

#define VAL_IN TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INPUT
#define VAL_OUT TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_OUTPUT
#define MEM_IN TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INPUT
#define MEM_OUT TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_OUTPUT

/* Levels of directories that come with a file and go with it */
#define MAX_PARENTS 2

static uint32_t result_of(int err)
{
	switch (err) {
	case 0:
		return TEE_R_SUCCESS;
	case ENOSPC:
		return TEE_R_STORAGE_NO_SPACE;
	case ENOENT:
		return TEE_R_ITEM_NOT_FOUND;
	default:
		return TEE_R_GENERIC;
	}
}

/* --- names --- */

/* A NUL-terminated relative name; leading slashes mean the root. */
static bool take_name(const struct tee_param *param, char name[OPTEE_RPC_FS_NAME_MAX])
{
	size_t size, len;
	void *va;

	if (!supp_memref(param, MEM_IN, &va, &size) || !va)
		return false;
	if (size > OPTEE_RPC_FS_NAME_MAX)
		size = OPTEE_RPC_FS_NAME_MAX;
	memcpy(name, va, size);
	len = strnlen(name, size);
	if (len == size)
		return false;
	len = strspn(name, "/");
	memmove(name, name + len, strlen(name + len) + 1);
	return true;
}

static int open_beneath(struct supplicant *supplicant, const char *name, int flags)
{
	struct open_how how = {
		.flags = (uint64_t)(flags | O_CLOEXEC | O_NOFOLLOW),
		.mode = flags & O_CREAT ? 0600 : 0,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	long fd = syscall(SYS_openat2, supplicant->fs_root, *name ? name : ".", &how, sizeof(how));

	return fd < 0 ? -errno : (int)fd;
}

/* The directory of @name as a descriptor, and the name in it. */
static int open_parent(struct supplicant *supplicant, char *name, char **ret_last)
{
	char *slash = strrchr(name, '/');
	int fd;

	if (!slash) {
		*ret_last = name;
		return open_beneath(supplicant, ".", O_PATH | O_DIRECTORY);
	}
	*slash = '\0';
	fd = open_beneath(supplicant, name, O_PATH | O_DIRECTORY);
	*slash = '/';
	*ret_last = slash + 1;
	return fd;
}

static bool remove_dir(struct supplicant *supplicant, char *name)
{
	AUTO(close_fd) int parent = -1;
	char *last;

	parent = open_parent(supplicant, name, &last);
	return parent >= 0 && unlinkat(parent, last, AT_REMOVEDIR) == 0;
}

/* Directories that were made for a file: each ends at a slash of its name. */
struct made_dirs {
	char *ends[MAX_PARENTS];
	size_t n;
};

/* Those above @name that are missing. */
static void make_parents(struct supplicant *supplicant, char *name, struct made_dirs *made)
{
	made->n = 0;
	for (char *slash = strchr(name, '/'); slash && made->n < MAX_PARENTS;
	     slash = strchr(slash + 1, '/')) {
		AUTO(close_fd) int parent = -1;
		char *last;

		*slash = '\0';
		parent = open_parent(supplicant, name, &last);
		if (parent >= 0 && mkdirat(parent, last, 0700) == 0)
			made->ends[made->n++] = slash;
		*slash = '/';
	}
}

static void unmake_parents(struct supplicant *supplicant, char *name, struct made_dirs *made)
{
	while (made->n) {
		char *slash = made->ends[--made->n];

		*slash = '\0';
		(void)remove_dir(supplicant, name);
		*slash = '/';
	}
}

static void remove_empty_parents(struct supplicant *supplicant, char *name)
{
	for (unsigned int depth = 0; depth < MAX_PARENTS; depth++) {
		char *slash = strrchr(name, '/');

		if (!slash)
			return;
		*slash = '\0';
		if (!remove_dir(supplicant, name))
			return;
	}
}

/* --- handles --- */

/* A free place, looked for first: a create must not fail after it emptied a file. */
static struct supp_file *handle_new(struct supplicant *supplicant)
{
	for (int i = 0; i < SUPP_MAX_FILES; i++) {
		if (!supplicant->files[i].used)
			return &supplicant->files[i];
	}
	return NULL;
}

static uint64_t handle_set(struct supplicant *supplicant, struct supp_file *file, int fd, DIR *dir)
{
	*file = (struct supp_file){ true, fd, dir };
	return (uint64_t)(file - supplicant->files);
}

static struct supp_file *handle_find(struct supplicant *supplicant, uint64_t handle, bool dir)
{
	if (handle >= SUPP_MAX_FILES || !supplicant->files[handle].used ||
	    !supplicant->files[handle].dir == dir)
		return NULL;
	return &supplicant->files[handle];
}

static void handle_close(struct supp_file *file)
{
	if (file->dir)
		closedir(file->dir);
	close_fd(file->fd);
	*file = (struct supp_file){ .fd = -1 };
}

void supp_fs_close_all(struct supplicant *supplicant)
{
	for (int i = 0; i < SUPP_MAX_FILES; i++) {
		if (supplicant->files[i].used)
			handle_close(&supplicant->files[i]);
	}
}

/* --- operations; parameters were checked for number and kind --- */

static int create_file(struct supplicant *supplicant, char *name)
{
	const int flags = O_RDWR | O_CREAT | O_TRUNC | O_SYNC;
	struct made_dirs made;
	int fd;

	fd = open_beneath(supplicant, name, flags);
	if (fd != -ENOENT)
		return fd;
	make_parents(supplicant, name, &made);
	fd = open_beneath(supplicant, name, flags);
	if (fd < 0)
		unmake_parents(supplicant, name, &made);
	return fd;
}

/* What opens only for reading may be a directory, which is no file. */
static int open_file(struct supplicant *supplicant, const char *name)
{
	struct stat st;
	int fd;

	fd = open_beneath(supplicant, name, O_RDWR | O_SYNC | O_NONBLOCK);
	if (fd < 0)
		fd = open_beneath(supplicant, name, O_RDONLY | O_NONBLOCK);
	if (fd >= 0 && (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)))
		fd = close_fd(fd);
	return fd < 0 ? -ENOENT : fd;
}

static uint32_t fs_open(struct supplicant *supplicant, struct tee_param *param, bool create)
{
	struct supp_file *file = handle_new(supplicant);
	char name[OPTEE_RPC_FS_NAME_MAX];
	int fd;

	if (!take_name(&param[1], name))
		return TEE_R_BAD_PARAMETERS;
	if (!file)
		return TEE_R_OUT_OF_MEMORY;
	fd = create ? create_file(supplicant, name) : open_file(supplicant, name);
	if (fd < 0)
		return result_of(-fd);
	param[2].u.value.a = handle_set(supplicant, file, fd, NULL);
	return TEE_R_SUCCESS;
}

static uint32_t fs_read(struct supplicant *supplicant, struct tee_param *param)
{
	struct supp_file *file = handle_find(supplicant, param[0].u.value.b, false);
	off_t offset = (off_t)param[0].u.value.c;
	size_t size, done = 0;
	void *va;

	if (!file || offset < 0 || !supp_memref(&param[1], MEM_OUT, &va, &size))
		return TEE_R_BAD_PARAMETERS;
	while (done < size) {
		ssize_t n = pread(file->fd, (char *)va + done, size - done, offset + (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return result_of(errno);
		if (n == 0)
			break;
		done += (size_t)n;
	}
	param[1].u.memref.size = done;
	return TEE_R_SUCCESS;
}

static uint32_t fs_write(struct supplicant *supplicant, struct tee_param *param)
{
	struct supp_file *file = handle_find(supplicant, param[0].u.value.b, false);
	off_t offset = (off_t)param[0].u.value.c;
	size_t size, done = 0;
	void *va;

	if (!file || offset < 0 || !supp_memref(&param[1], MEM_IN, &va, &size))
		return TEE_R_BAD_PARAMETERS;
	while (done < size) {
		ssize_t n = pwrite(file->fd, (char *)va + done, size - done, offset + (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return result_of(errno);
		done += (size_t)n;
	}
	return TEE_R_SUCCESS;
}

static uint32_t fs_truncate(struct supplicant *supplicant, struct tee_param *param)
{
	struct supp_file *file = handle_find(supplicant, param[0].u.value.b, false);
	off_t length = (off_t)param[0].u.value.c;

	if (!file || length < 0)
		return TEE_R_BAD_PARAMETERS;
	return ftruncate(file->fd, length) < 0 ? result_of(errno) : TEE_R_SUCCESS;
}

static uint32_t fs_close(struct supplicant *supplicant, struct tee_param *param, bool dir)
{
	struct supp_file *file = handle_find(supplicant, param[0].u.value.b, dir);

	if (!file)
		return TEE_R_BAD_PARAMETERS;
	handle_close(file);
	return TEE_R_SUCCESS;
}

static uint32_t fs_remove(struct supplicant *supplicant, struct tee_param *param)
{
	char name[OPTEE_RPC_FS_NAME_MAX], *last;
	AUTO(close_fd) int parent = -1;

	if (!take_name(&param[1], name))
		return TEE_R_BAD_PARAMETERS;
	parent = open_parent(supplicant, name, &last);
	if (parent < 0)
		return result_of(-parent);
	if (unlinkat(parent, last, 0) < 0)
		return result_of(errno);
	remove_empty_parents(supplicant, name);
	return TEE_R_SUCCESS;
}

/*
 * Unlike tee-supplicant, an unexpected error is not reported as success (facts
 * on OP-TEE, section 11, item 10).
 */
static uint32_t fs_rename(struct supplicant *supplicant, struct tee_param *param)
{
	char from[OPTEE_RPC_FS_NAME_MAX], to[OPTEE_RPC_FS_NAME_MAX], *from_last, *to_last;
	AUTO(close_fd) int from_dir = -1, to_dir = -1;
	bool overwrite = param[0].u.value.b != 0;

	if (!take_name(&param[1], from) || !take_name(&param[2], to))
		return TEE_R_BAD_PARAMETERS;
	from_dir = open_parent(supplicant, from, &from_last);
	if (from_dir < 0)
		return result_of(-from_dir);
	to_dir = open_parent(supplicant, to, &to_last);
	if (to_dir < 0)
		return result_of(-to_dir);
	if (renameat2(from_dir, from_last, to_dir, to_last, overwrite ? 0 : RENAME_NOREPLACE) < 0)
		return errno == EEXIST ? TEE_R_ACCESS_CONFLICT : result_of(errno);
	return TEE_R_SUCCESS;
}

static struct dirent *next_name(DIR *dir)
{
	struct dirent *entry;

	do {
		entry = readdir(dir);
	} while (entry && entry->d_name[0] == '.');
	return entry;
}

static uint32_t fs_opendir(struct supplicant *supplicant, struct tee_param *param)
{
	struct supp_file *file = handle_new(supplicant);
	char name[OPTEE_RPC_FS_NAME_MAX];
	int fd;
	DIR *dir;

	if (!take_name(&param[1], name))
		return TEE_R_BAD_PARAMETERS;
	if (!file)
		return TEE_R_OUT_OF_MEMORY;
	fd = open_beneath(supplicant, name, O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return TEE_R_ITEM_NOT_FOUND;
	dir = fdopendir(fd);
	if (!dir) {
		close_fd(fd);
		return TEE_R_OUT_OF_MEMORY;
	}
	if (!next_name(dir)) {
		closedir(dir);
		return TEE_R_ITEM_NOT_FOUND;
	}
	rewinddir(dir);
	param[2].u.value.a = handle_set(supplicant, file, -1, dir);
	return TEE_R_SUCCESS;
}

static uint32_t fs_readdir(struct supplicant *supplicant, struct tee_param *param)
{
	struct supp_file *file = handle_find(supplicant, param[0].u.value.b, true);
	struct dirent *entry;
	size_t size, len;
	long before;
	void *va;

	if (!file || !supp_memref(&param[1], MEM_OUT, &va, &size))
		return TEE_R_BAD_PARAMETERS;
	before = telldir(file->dir);
	entry = next_name(file->dir);
	if (!entry)
		return TEE_R_ITEM_NOT_FOUND;
	len = strlen(entry->d_name) + 1;
	param[1].u.memref.size = len;
	if (len > size) {
		seekdir(file->dir, before);
		return TEE_R_SHORT_BUFFER;
	}
	memcpy(va, entry->d_name, len);
	return TEE_R_SUCCESS;
}

/* --- dispatch --- */

struct fs_op {
	size_t num_params;
	uint64_t attr[3];
};

/* Number and kinds of the parameters, compared exactly. */
static const struct fs_op fs_ops[] = {
	[OPTEE_RPC_FS_OPEN] = { 3, { VAL_IN, MEM_IN, VAL_OUT } },
	[OPTEE_RPC_FS_CREATE] = { 3, { VAL_IN, MEM_IN, VAL_OUT } },
	[OPTEE_RPC_FS_CLOSE] = { 1, { VAL_IN } },
	[OPTEE_RPC_FS_READ] = { 2, { VAL_IN, MEM_OUT } },
	[OPTEE_RPC_FS_WRITE] = { 2, { VAL_IN, MEM_IN } },
	[OPTEE_RPC_FS_TRUNCATE] = { 1, { VAL_IN } },
	[OPTEE_RPC_FS_REMOVE] = { 2, { VAL_IN, MEM_IN } },
	[OPTEE_RPC_FS_RENAME] = { 3, { VAL_IN, MEM_IN, MEM_IN } },
	[OPTEE_RPC_FS_OPENDIR] = { 3, { VAL_IN, MEM_IN, VAL_OUT } },
	[OPTEE_RPC_FS_CLOSEDIR] = { 1, { VAL_IN } },
	[OPTEE_RPC_FS_READDIR] = { 2, { VAL_IN, MEM_OUT } },
};

static bool params_fit(uint64_t op, size_t num_params, const struct tee_param *param)
{
	if (op >= sizeof(fs_ops) / sizeof(fs_ops[0]) || num_params != fs_ops[op].num_params)
		return false;
	for (size_t i = 0; i < num_params; i++) {
		if (param[i].attr != fs_ops[op].attr[i])
			return false;
	}
	return true;
}

static uint32_t fs_request(struct supplicant *supplicant, size_t num_params,
			   struct tee_param *param)
{
	uint64_t op;

	if (num_params < 1 || param[0].attr != VAL_IN)
		return TEE_R_BAD_PARAMETERS;
	if (supplicant->fs_root < 0)
		return TEE_R_STORAGE_NOT_AVAILABLE;
	op = param[0].u.value.a;
	if (!params_fit(op, num_params, param))
		return TEE_R_BAD_PARAMETERS;

	switch (op) {
	case OPTEE_RPC_FS_OPEN:
		return fs_open(supplicant, param, false);
	case OPTEE_RPC_FS_CREATE:
		return fs_open(supplicant, param, true);
	case OPTEE_RPC_FS_CLOSE:
		return fs_close(supplicant, param, false);
	case OPTEE_RPC_FS_READ:
		return fs_read(supplicant, param);
	case OPTEE_RPC_FS_WRITE:
		return fs_write(supplicant, param);
	case OPTEE_RPC_FS_TRUNCATE:
		return fs_truncate(supplicant, param);
	case OPTEE_RPC_FS_REMOVE:
		return fs_remove(supplicant, param);
	case OPTEE_RPC_FS_RENAME:
		return fs_rename(supplicant, param);
	case OPTEE_RPC_FS_OPENDIR:
		return fs_opendir(supplicant, param);
	case OPTEE_RPC_FS_CLOSEDIR:
		return fs_close(supplicant, param, true);
	case OPTEE_RPC_FS_READDIR:
		return fs_readdir(supplicant, param);
	default:
		return TEE_R_BAD_PARAMETERS;
	}
}

/* One at a time: a handle that is closed while another thread reads from it
 * would otherwise be the next file's. */
uint32_t supp_fs_request(struct supplicant *supplicant, size_t num_params, struct tee_param *param)
{
	uint32_t result;

	pthread_mutex_lock(&supplicant->lock);
	result = fs_request(supplicant, num_params, param);
	pthread_mutex_unlock(&supplicant->lock);
	return result;
}
