# SPDX-License-Identifier: BSD-2-Clause
# Options of the trusted OS that makefiles of client programs may ask for
CFG_TA_FLOAT_SUPPORT := y
CFG_CACHE_API := y
