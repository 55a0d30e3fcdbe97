# SPDX-License-Identifier: BSD-2-Clause
#
# What the trusted OS that this kit is for can do, and with which tools TAs for it
# are built
#
# A TA runs natively: the compiler is the host's, CROSS_COMPILE is usually empty.

# The name of the one processor mode that TAs are built for. Sources that a sub.mk
# picks by another name here (ta_arm64) are left out.
sm := ta_native
sm-ta_native := y

CROSS_COMPILE ?=
# gcc or clang
COMPILER ?= gcc
PYTHON3 ?= python3

CFG_TEE_TA_LOG_LEVEL ?= 2
CFG_TA_FLOAT_SUPPORT ?= y
CFG_CACHE_API ?= y
