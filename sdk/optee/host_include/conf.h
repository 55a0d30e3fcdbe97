/* SPDX-License-Identifier: BSD-2-Clause */
/* Options of the trusted OS that client programs may ask for */
#ifndef CONF_H
#define CONF_H

#define CFG_TA_FLOAT_SUPPORT 1
#define CFG_CACHE_API 1

#endif /* CONF_H */
