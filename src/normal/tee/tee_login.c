/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Client logins
 *
 * A TEE knows the caller of a session by a UUID that is derived from who the
 * calling task is: version 5 in a fixed namespace, of the text "uid=%x" or
 * "gid=%x" with the number as the initial user namespace has it.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "normal/platform.h"
#include "normal/tee/tee_core.h"

/* 58ac9ca0-2086-4683-a1b8-ec4bc08e01b6 */
static const u8 tee_client_uuid_ns[TEE_IOCTL_UUID_LEN] = {
	0x58, 0xac, 0x9c, 0xa0, 0x20, 0x86, 0x46, 0x83,
	0xa1, 0xb8, 0xec, 0x4b, 0xc0, 0x8e, 0x01, 0xb6,
};

static int tee_login_uuid(u8 uuid[TEE_IOCTL_UUID_LEN], const char *kind, u32 number)
{
	char name[sizeof("uid=ffffffff")];
	int len = scnprintf(name, sizeof(name), "%s=%x", kind, number);

	return platform_uuid_v5(uuid, tee_client_uuid_ns, name, len);
}

static int tee_login_group(u8 uuid[TEE_IOCTL_UUID_LEN],
			   const u8 connection_data[TEE_IOCTL_UUID_LEN])
{
	u32 gid, kgid;

	memcpy(&gid, connection_data, sizeof(gid));
	if (!platform_current_kgid(gid, &kgid) || !platform_current_in_egroup(kgid))
		return -EPERM;
	return tee_login_uuid(uuid, "gid", kgid);
}

int tee_session_calc_client_uuid(u8 uuid[TEE_IOCTL_UUID_LEN], u32 connection_method,
				 const u8 connection_data[TEE_IOCTL_UUID_LEN])
{
	switch (connection_method) {
	case TEE_IOCTL_LOGIN_PUBLIC:
	case TEE_IOCTL_LOGIN_REE_KERNEL:
		/* user space was refused the second one before it came here */
		memset(uuid, 0, TEE_IOCTL_UUID_LEN);
		return 0;
	case TEE_IOCTL_LOGIN_USER:
		return tee_login_uuid(uuid, "uid", platform_current_euid());
	case TEE_IOCTL_LOGIN_GROUP:
		return tee_login_group(uuid, connection_data);
	default:
		return -EINVAL;
	}
}
