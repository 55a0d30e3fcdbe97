/* SPDX-License-Identifier: BSD-2-Clause */
/* GlobalPlatform TEE Sockets API v1.0: UDP */
#ifndef TEE_UDPSOCKET_H
#define TEE_UDPSOCKET_H

#include <__tee_ipsocket.h>
#include <__tee_udpsocket_defines.h>
#include <tee_isocket.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct TEE_udpSocket_Setup_s {
	TEE_ipSocket_ipVersion ipVersion;
	char *server_addr;
	uint16_t server_port;
} TEE_udpSocket_Setup;

extern TEE_iSocket *const TEE_udpSocket;

#ifdef __cplusplus
}
#endif

#endif /* TEE_UDPSOCKET_H */
