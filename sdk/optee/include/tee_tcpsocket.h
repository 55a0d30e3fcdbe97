/* SPDX-License-Identifier: BSD-2-Clause */
/* GlobalPlatform TEE Sockets API v1.0: TCP */
#ifndef TEE_TCPSOCKET_H
#define TEE_TCPSOCKET_H

#include <__tee_ipsocket.h>
#include <__tee_tcpsocket_defines.h>
#include <tee_isocket.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct TEE_tcpSocket_Setup_s {
	TEE_ipSocket_ipVersion ipVersion;
	char *server_addr;
	uint16_t server_port;
} TEE_tcpSocket_Setup;

extern TEE_iSocket *const TEE_tcpSocket;

#ifdef __cplusplus
}
#endif

#endif /* TEE_TCPSOCKET_H */
