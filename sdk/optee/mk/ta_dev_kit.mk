# SPDX-License-Identifier: BSD-2-Clause
#
# Build a trusted application, or a library for some, with the swtee kit
#
# A TA's Makefile sets one of
#
#   BINARY     the TA's UUID: makes $(O)/<uuid>.ta, to be put into the TA directory,
#              and $(O)/<uuid>.elf, the same with symbols for gdb and addr2line
#   LIBNAME    name of a static library: makes $(O)/<name>.a
#   SHLIBNAME  name of a shared library, and SHLIBUUID: makes $(O)/<name>.so
#              and $(O)/<uuid>.ta
#
# includes this file, and has a sub.mk beside it that names the sources (see
# subdir.mk). It may also set, or take from the command line:
#
#   O                        output directory, default "."
#   V=1                      show the commands
#   COMPILER                 gcc or clang; CROSS_COMPILE is put before gcc
#   CFLAGS CPPFLAGS CXXFLAGS LDFLAGS LDADD   added last, as given
#   CFG_TEE_TA_LOG_LEVEL     0 (nothing) to 4: TRACE_LEVEL, default 2
#   CFG_TA_OPTEE_CORE_API_COMPAT_1_1=y   for sources written for API v1.1
#   CFG_CC_OPT_LEVEL         -O level, default 2
#   CFG_WERROR=y             warnings are errors
#   CFG_anything             -DCFG_anything=1 for y, else -DCFG_anything='value'
#
# Targets: all (the default), clean.

ta-kit := $(patsubst %/mk/,%,$(dir $(abspath $(lastword $(MAKEFILE_LIST)))))

.PHONY: all clean FORCE
all:

include $(ta-kit)/mk/conf.mk

ifneq ($(words $(BINARY) $(LIBNAME) $(SHLIBNAME)),1)
$(error Set exactly one of BINARY, LIBNAME and SHLIBNAME before including ta_dev_kit.mk)
endif
ifneq ($(SHLIBNAME),)
ifeq ($(SHLIBUUID),)
$(error SHLIBNAME is set: set SHLIBUUID, the UUID of the shared library, too)
endif
endif

out-dir := $(if $(O),$(patsubst %/,%,$(O)),.)

# --- tools ---

ifeq ($(COMPILER),clang)
ta-cc := clang
ta-cxx := clang++
else ifeq ($(COMPILER),gcc)
ta-cc := $(CROSS_COMPILE)gcc
ta-cxx := $(CROSS_COMPILE)g++
else
$(error COMPILER=$(COMPILER): use gcc or clang)
endif
ta-ar := $(CROSS_COMPILE)ar
ta-objcopy := $(CROSS_COMPILE)objcopy

ifeq ($(V),1)
q :=
say := @true
else
q := @
# Nothing with make -s either
say := $(if $(findstring s,$(firstword -$(MAKEFLAGS))),@true,@printf '  %-7s %s\n')
endif

# --- flags ---

ta-cppflags := -I. -I$(ta-kit)/include -DTRACE_LEVEL=$(CFG_TEE_TA_LOG_LEVEL)
ifeq ($(CFG_TA_OPTEE_CORE_API_COMPAT_1_1),y)
ta-cppflags += -D__OPTEE_CORE_API_COMPAT_1_1=1
endif

# $(call cfg-define,NAME): nothing for n and for an empty value
cfg-define = $(if $(filter y,$($1)),-D$1=1,$(if $(filter-out n,$($1)),-D$1='$($1)'))
ta-cppflags += $(strip $(foreach var,$(sort $(filter CFG_% _CFG_%,$(.VARIABLES))), \
	$(call cfg-define,$(var))))

CFG_CC_OPT_LEVEL ?= 2
ta-flags := -O$(CFG_CC_OPT_LEVEL) -g -fPIC -fno-omit-frame-pointer -fstack-protector-strong \
	-ffunction-sections -fdata-sections -Wall -Wextra -Wno-unused-parameter \
	-Wno-missing-field-initializers
ifeq ($(CFG_WERROR),y)
ta-flags += -Werror
endif
ta-cflags := -std=gnu11 $(ta-flags)
ta-cxxflags := -std=gnu++17 $(ta-flags)
ta-aflags := -g -fPIC -D__ASSEMBLER__

# --- what to build ---

include $(ta-kit)/mk/subdir.mk

ifneq ($(BINARY),)
kit-srcs := $(ta-kit)/src/user_ta_header.c
endif

include $(ta-kit)/mk/compile.mk
include $(ta-kit)/mk/link.mk

clean:
	$(say) CLEAN '$(out-dir)'
	$(q)rm -f $(objs) $(objs:.o=.o.d) $(products) $(cleanfiles) $(build-stamp)
	$(q)for dir in $(filter-out $(out-dir),$(patsubst %/,%,$(sort $(dir $(objs))))); do \
		while [ "$$dir" != '$(out-dir)' ] && rmdir "$$dir" 2>/dev/null; do \
			dir=$${dir%/*}; \
		done; \
	done
	$(q)if [ '$(out-dir)' != . ] && [ -d '$(out-dir)' ]; then \
		rmdir --ignore-fail-on-non-empty '$(out-dir)'; \
	fi
