/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The root object and client environments: interface IClientEnv (6.2)
 *
 * A client registers with the root and gets an environment, which stands for who it
 * is; with that it opens services. The kernel's own environment has no credentials.
 */
#ifndef SECURE_QTEE_CLIENT_ENV_H
#define SECURE_QTEE_CLIENT_ENV_H

struct object;

#define CLIENT_ENV_ERROR_COMMONLIBS_ALREADY_LOADED 10
#define CLIENT_ENV_ERROR_APP_REGION_ALREADY_SET 11

/* The root, with one reference; NULL without memory. */
struct object *client_env_new_root(void);

#endif /* SECURE_QTEE_CLIENT_ENV_H */
