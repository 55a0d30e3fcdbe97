# SPDX-License-Identifier: BSD-2-Clause
#
# What the Makefiles of the test TAs have in common; each sets BINARY before
CFG_TEE_TA_LOG_LEVEL ?= 3
CFG_WERROR ?= y

ifeq ($(TA_DEV_KIT_DIR),)
$(error Set TA_DEV_KIT_DIR to the swtee TA kit: sdk/optee in the source tree)
endif
include $(TA_DEV_KIT_DIR)/mk/ta_dev_kit.mk
