/* SPDX-License-Identifier: BSD-2-Clause */
/* What the parts of trusted storage share: objects (storage.c), their files
 * (storage_io.c), enumerators (storage_enum.c) */
#ifndef SECURE_OPTEE_STORAGE_PRIVATE_H
#define SECURE_OPTEE_STORAGE_PRIVATE_H

#include "secure/optee/fs_rpc.h"
#include "secure/optee/storage.h"

/* Hexadecimal digits of the name of a directory or a file */
#define STORAGE_NAME_LEN 32u
/* "DIRECTORY/FILE" with its NUL */
#define STORAGE_PATH_SIZE (2 * STORAGE_NAME_LEN + 2)

/* The keys and the directory of a TA */
struct storage_ta {
	uint8_t object_key[SEAL_KEY_SIZE];	/* parent of those of its objects */
	uint8_t name_key[SEAL_KEY_SIZE];
	char dir[STORAGE_NAME_LEN + 1];
};

/* A file is open at most while a piece of work is done. */
struct storage_io {
	struct storage *storage;
	struct fs_rpc fs;
	uint32_t file;
	bool is_open;
};

/* Takes the io lock; to be ended. */
void storage_io_begin(struct storage_io *io, struct storage *storage, struct thread *thread);
void storage_io_end(struct storage_io *io, struct thread *thread);

uint32_t storage_io_open(struct storage_io *io, const char *path);
uint32_t storage_io_create(struct storage_io *io, const char *path);
void storage_io_close(struct storage_io *io);

/*
 * As fs_rpc_rename(), but it is looked whether @to is then the file of @obj.
 * STORAGE_NOT_AVAILABLE when it is not.
 */
uint32_t storage_io_rename(struct storage_io *io, const char *from, const char *to, bool overwrite,
			   const struct ree_object *obj);

/* What the TA is told of a result of the supplicant */
uint32_t storage_result(uint32_t res);

/* OUT_OF_MEMORY; what is in @ret is secret. */
uint32_t storage_ta_get(const struct ta_storage *ts, struct storage_ta *ret);
void storage_ta_clear(struct storage_ta *ta);
/* The file of object @name, as a path or without its directory */
uint32_t storage_path(const struct storage_ta *ta, const struct ree_name *name,
		      char path[STORAGE_PATH_SIZE]);
/* A file of that directory that is no object */
void storage_path_in(const struct storage_ta *ta, const char *file, char path[STORAGE_PATH_SIZE]);

bool ree_name_equal(const struct ree_name *a, const struct ree_name *b);

/* Both kinds of private storage are the same one. */
static inline bool storage_id_is_known(uint32_t storage_id)
{
	return storage_id == STORAGE_PRIVATE || storage_id == STORAGE_PRIVATE_REE;
}

#endif /* SECURE_OPTEE_STORAGE_PRIVATE_H */
