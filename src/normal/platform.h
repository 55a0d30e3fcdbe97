/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What differs between the two homes of the TEE core
 *
 * src/normal/tee and src/normal/drivers are kernel code. All that a kernel and
 * a user-space daemon do differently stands behind the functions below; their
 * user-space form is src/normal/server, their form for unit tests is
 * tests/unit/platform_test.c. Threads, waiting, user memory and allocation are
 * not here: they are the kernel's own primitives (<linux/...>), which
 * src/base/kernel implements for user space.
 */
#ifndef NORMAL_PLATFORM_H
#define NORMAL_PLATFORM_H

#include <linux/compiler.h>
#include <linux/types.h>

struct tee_device;
struct tee_shm;

/*
 * Make the device node of @teedev appear or disappear (teedev->name is set).
 * Once published, tee_cdev_open() may be called at any moment by any thread.
 * platform_device_withdraw() returns when no further open can begin; open files
 * are not waited for. teedev->platform belongs to the platform.
 */
int platform_device_publish(struct tee_device *teedev);
void platform_device_withdraw(struct tee_device *teedev);

/*
 * Back @shm with @nr_pages zeroed pages: sets paddr (contiguous), pages, num_pages
 * and kaddr. With @mappable a client will map the pages through the shm's
 * descriptor, and kaddr may be left for platform_shm_map(). -ENOMEM. shm->platform
 * belongs to the platform.
 */
int platform_shm_alloc(struct tee_shm *shm, size_t nr_pages, bool mappable);

/*
 * The kernel mapping of the first byte of memory that platform_shm_alloc() made
 * without one: sets kaddr, once. NULL when there can be none. Any thread.
 */
void *platform_shm_map(struct tee_shm *shm);
void platform_shm_free(struct tee_shm *shm);

/*
 * Pin the pages around [addr, addr + length) of the current task: sets pages,
 * num_pages, kaddr (of the byte at addr) and offset (of addr in its page); -EFAULT
 * when not all of it is mapped. (A kernel pins for writing and refuses read-only
 * pages; in user space they are good for input, and for_user fails on them.) Where the pages
 * cannot be shared in place they are shadowed, and the two calls below copy:
 * for_tee before the TEE looks at [offs, offs + size), for_user after it wrote.
 * Both are no-ops for memory that is truly shared. -EFAULT when the owner's
 * memory is gone. They may be called by another task than the owner.
 */
int platform_shm_pin_user(struct tee_shm *shm, unsigned long addr, size_t length);
void platform_shm_unpin_user(struct tee_shm *shm);
int platform_shm_sync_for_tee(struct tee_shm *shm, size_t offs, size_t size);
int platform_shm_sync_for_user(struct tee_shm *shm, size_t offs, size_t size);

/*
 * The same for memory of the kernel's own: any address that kernel code may use, which
 * outlives the pin. -EINVAL when the TEE cannot be shown memory of this kind.
 */
int platform_shm_pin_kernel(struct tee_shm *shm, void *addr, size_t length);
void platform_shm_unpin_kernel(struct tee_shm *shm);

/*
 * Give the current task a descriptor for @shm. On success the descriptor (with
 * its mappings) owns one reference, which the caller had taken, and which the
 * platform drops by tee_shm_put() when the last of them is gone, from a thread
 * that may sleep. Returns the descriptor number or a negative errno (-EMFILE,
 * -ENFILE, -ENOMEM), in which case the reference is still the caller's.
 */
int platform_shm_install_fd(struct tee_shm *shm);

/*
 * Open files that are no TEE contexts
 *
 * @ioctl: any number at a time. @hang_up: may be NULL; the last descriptor was
 * closed while calls may still be under way: what they wait for is to end. @release:
 * the last descriptor and the last call are gone. All may sleep.
 */
struct platform_file_ops {
	const char *name;
	long (*ioctl)(void *priv, unsigned int cmd, unsigned long arg);
	void (*hang_up)(void *priv);
	void (*release)(void *priv);
};

/*
 * A node, /dev/<name>, whose @open gives the private data of a new open file. From
 * publish, which fails with -EEXIST when the name is taken, to the end of withdraw
 * opens may begin. @platform belongs to the platform.
 */
struct platform_misc {
	const char *name;
	const struct platform_file_ops *fops;
	int (*open)(struct platform_misc *misc, void **ret_priv);
	void *platform;
};
int platform_misc_publish(struct platform_misc *misc);
void platform_misc_withdraw(struct platform_misc *misc);

/* The file behind a descriptor of the current task, which must have these ops: it
 * stays open until it is put. -EBADF: no file; -EINVAL: another one. */
struct platform_file;
int platform_file_get(int fd, const struct platform_file_ops *ops,
		      struct platform_file **ret_file);
void *platform_file_priv(struct platform_file *file);
void platform_file_put(struct platform_file *file);

/* The same for a descriptor of shared memory, whose shm lives as long as the file.
 * -EACCES: it is not open for both reading and writing. */
struct platform_shm_file;
int platform_shm_file_get(int fd, struct platform_shm_file **ret_file);
struct tee_shm *platform_shm_file_shm(struct platform_shm_file *file);
void platform_shm_file_put(struct platform_shm_file *file);

/*
 * Descriptors, close-on-exec, that an ioctl gives to the current task: all of them,
 * or none. They are made one by one, and are the task's when the ioctl returns after
 * platform_fds_commit(); platform_fds_abort() takes them back. A number is stored at
 * *@number at the latest when the ioctl returns; until then all ones may be there.
 *
 * add_file: a new open file, which owns @priv when 0 is returned. add_shm: another
 * descriptor of @file. -EMFILE, -ENFILE, -ENOMEM, -EFAULT.
 */
struct platform_fds {
	void *first;
};
int platform_fds_add_file(struct platform_fds *fds, const struct platform_file_ops *ops,
			  void *priv, u64 __user *number);
int platform_fds_add_shm(struct platform_fds *fds, struct platform_shm_file *file,
			 u64 __user *number);
void platform_fds_commit(struct platform_fds *fds);
void platform_fds_abort(struct platform_fds *fds);

/*
 * Effective user id of the current task, and its membership of a group, by numbers
 * of the initial user namespace; the first call turns a group's number in the current
 * task's own user namespace into that, false when there is no such group.
 */
bool platform_current_kgid(u32 gid, u32 *ret_kgid);
u32 platform_current_euid(void);
bool platform_current_in_egroup(u32 kgid);

/* UUIDv5 of @name in namespace @ns, octets in RFC 4122 order. 0 or -ENOMEM. */
int platform_uuid_v5(u8 uuid[16], const u8 ns[16], const char *name, size_t len);

#endif /* NORMAL_PLATFORM_H */
