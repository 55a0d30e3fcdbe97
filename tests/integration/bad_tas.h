/* SPDX-License-Identifier: BSD-2-Clause */
/* Images that are none; make_bad_tas.sh makes them. */
#ifndef TESTS_INTEGRATION_BAD_TAS_H
#define TESTS_INTEGRATION_BAD_TAS_H

#define TA_NO_ELF_UUID \
	{ 0xbad00000, 0x0001, 0x4000, { 0x80, 0, 0, 0, 0, 0, 0, 1 } }
#define TA_EMPTY_UUID \
	{ 0xbad00000, 0x0002, 0x4000, { 0x80, 0, 0, 0, 0, 0, 0, 2 } }
#define TA_TRUNCATED_UUID \
	{ 0xbad00000, 0x0003, 0x4000, { 0x80, 0, 0, 0, 0, 0, 0, 3 } }
#define TA_DIRECTORY_UUID \
	{ 0xbad00000, 0x0004, 0x4000, { 0x80, 0, 0, 0, 0, 0, 0, 4 } }
/* A good image under another name than its own */
#define TA_OTHER_UUID \
	{ 0xbad00000, 0x0005, 0x4000, { 0x80, 0, 0, 0, 0, 0, 0, 5 } }

#endif /* TESTS_INTEGRATION_BAD_TAS_H */
