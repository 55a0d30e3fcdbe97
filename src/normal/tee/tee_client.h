/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The TEE for clients inside the kernel, and the bus on which its services are devices
 *
 * A client opens a context of a device that it likes, sessions in it, and makes calls.
 * Nothing of what it passes is checked, as user space's would be: memrefs are not
 * counted, so the client keeps its buffers until the call returns; parameters are as
 * many as num_params says; attributes are those that the driver takes. A session and
 * its context belong to the client, which closes them; a context that is open holds
 * the device.
 *
 * A driver of a TEE makes a bus device of each service that its TEE lists; a client
 * that serves such a service is a driver on the bus. Source: facts on the TEE
 * subsystem, 3.5 and 3.6.
 */
#ifndef NORMAL_TEE_CLIENT_H
#define NORMAL_TEE_CLIENT_H

#include <linux/container_of.h>
#include <linux/device.h>
#include <linux/mod_devicetable.h>
#include <linux/types.h>
#include <linux/uuid.h>

#include "normal/tee/tee_core.h"

struct module;

/*
 * Open a context of the first device, behind that of @start (NULL: of all), in the order
 * of their registration, to whose version @match says yes. @vers is the version of the
 * last device that was asked, when not NULL; it has no PRIVILEGED bit, though privileged
 * devices are asked, too. A device that does not open is passed over, unless memory is
 * short. The context does not wait for a supplicant that is not there; a client that
 * would wait clears supp_nowait before its first call. ERR_PTR: -ENOENT no device left,
 * -ENOMEM.
 */
struct tee_context *tee_client_open_context(struct tee_context *start,
					    int (*match)(struct tee_ioctl_version_data *vers,
							 const void *data),
					    const void *data,
					    struct tee_ioctl_version_data *vers);
/* The end of its sessions, too. Shared memory that is left goes to the device. */
void tee_client_close_context(struct tee_context *ctx);
/* As the driver says: without the PRIVILEGED bit. */
void tee_client_get_version(struct tee_context *ctx, struct tee_ioctl_version_data *vers);

/*
 * The ops of the driver, in the thread of the caller; -EINVAL when it has not got the
 * op. 0: the TEE answered, see ret. Memory of tee_shm_register_kernel_buf() is shown to
 * the TEE as it is before the call, and outputs are there after it. Login: REE_KERNEL
 * stands for the kernel itself.
 */
int tee_client_open_session(struct tee_context *ctx, struct tee_ioctl_open_session_arg *arg,
			    struct tee_param *param);
int tee_client_close_session(struct tee_context *ctx, u32 session);
int tee_client_invoke_func(struct tee_context *ctx, struct tee_ioctl_invoke_arg *arg,
			   struct tee_param *param);
int tee_client_cancel_req(struct tee_context *ctx, struct tee_ioctl_cancel_arg *arg);

/*
 * From now on the calls of the session do not wait for calls of others to end, as far
 * as the TEE can do that: for a service on which the others may depend. Until the
 * session ends; again is no error. -EINVAL: no such session, or the TEE cannot.
 */
int tee_client_system_session(struct tee_context *ctx, u32 session);

/**
 * struct tee_client_device - a service of a TEE
 * @id: by which drivers know it
 */
struct tee_client_device {
	struct tee_client_device_id id;
	struct device dev;
};

#define to_tee_client_device(d) container_of(d, struct tee_client_device, dev)

/**
 * struct tee_client_driver - a client that serves services
 * @id_table: which ones; ended by the nil UUID
 * @probe: 0, or an errno that leaves the device to others; NULL: takes it
 * @remove, @shutdown: may be NULL
 * @driver: name is set by the client. The callbacks in it are those of the time before
 *	the three above; they are used where one of the above is missing
 */
struct tee_client_driver {
	const struct tee_client_device_id *id_table;
	int (*probe)(struct tee_client_device *dev);
	void (*remove)(struct tee_client_device *dev);
	void (*shutdown)(struct tee_client_device *dev);
	struct device_driver driver;
};

#define to_tee_client_driver(d) container_of_const(d, struct tee_client_driver, driver)

extern const struct bus_type tee_bus_type;

/* As driver_register() and driver_unregister(). */
int __tee_client_driver_register(struct tee_client_driver *drv, struct module *owner);
void tee_client_driver_unregister(struct tee_client_driver *drv);
#define tee_client_driver_register(drv) __tee_client_driver_register(drv, THIS_MODULE)

/* A UUID as it stands in names and MODALIAS: lower case, 36 characters and NUL */
void tee_client_uuid_to_text(const uuid_t *uuid, char text[UUID_STRING_LEN + 1]);

#endif /* NORMAL_TEE_CLIENT_H */
