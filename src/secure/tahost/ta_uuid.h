/* SPDX-License-Identifier: BSD-2-Clause */
/* TEE_UUID and the octets of RFC 4122, which is what travels on wires */
#ifndef TAHOST_TA_UUID_H
#define TAHOST_TA_UUID_H

#include <stdint.h>
#include <string.h>

#include <tee_api_types.h>

static inline void ta_uuid_from_octets(const uint8_t octets[16], TEE_UUID *ret_uuid)
{
	ret_uuid->timeLow = (uint32_t)octets[0] << 24 | (uint32_t)octets[1] << 16 |
			    (uint32_t)octets[2] << 8 | octets[3];
	ret_uuid->timeMid = (uint16_t)(octets[4] << 8 | octets[5]);
	ret_uuid->timeHiAndVersion = (uint16_t)(octets[6] << 8 | octets[7]);
	memcpy(ret_uuid->clockSeqAndNode, octets + 8, 8);
}

static inline void ta_uuid_to_octets(const TEE_UUID *uuid, uint8_t ret_octets[16])
{
	ret_octets[0] = (uint8_t)(uuid->timeLow >> 24);
	ret_octets[1] = (uint8_t)(uuid->timeLow >> 16);
	ret_octets[2] = (uint8_t)(uuid->timeLow >> 8);
	ret_octets[3] = (uint8_t)uuid->timeLow;
	ret_octets[4] = (uint8_t)(uuid->timeMid >> 8);
	ret_octets[5] = (uint8_t)uuid->timeMid;
	ret_octets[6] = (uint8_t)(uuid->timeHiAndVersion >> 8);
	ret_octets[7] = (uint8_t)uuid->timeHiAndVersion;
	memcpy(ret_octets + 8, uuid->clockSeqAndNode, 8);
}

#endif /* TAHOST_TA_UUID_H */
