# SPDX-License-Identifier: BSD-2-Clause
global-incdirs-y += ../api ../include
srcs-y += ../api/api_ta.c
