# SPDX-License-Identifier: BSD-2-Clause
#
# Build a Mink trusted application with the swtee kit
#
# A TA's Makefile sets
#
#   TA_NAME        its name, at most 63 letters, digits, '_', '-' and '.': makes
#                  $(O)/$(TA_NAME).mbn, for the app loader, and $(O)/$(TA_NAME).elf, the
#                  same with symbols for gdb and addr2line
#   SRCS           its sources, .c
#
# and includes this file. It may also set, or take from the command line:
#
#   TA_STACK_SIZE  bytes of stack that each call gets, default 65536
#   O              output directory, default "."
#   V=1            show the commands
#   COMPILER       gcc (default) or clang
#   CFLAGS CPPFLAGS LDFLAGS LDADD    added last, as given
#
# Targets: all (the default), clean.

mink-kit := $(patsubst %/mk/,%,$(dir $(abspath $(lastword $(MAKEFILE_LIST)))))

.PHONY: all clean FORCE
all:

ifeq ($(TA_NAME),)
$(error Set TA_NAME, the name of the TA, before including mink_ta.mk)
endif
ifeq ($(SRCS),)
$(error Set SRCS, the sources of the TA, before including mink_ta.mk)
endif

O ?= .
COMPILER ?= gcc
TA_STACK_SIZE ?= 65536
out-dir := $(patsubst %/,%,$(O))

ifeq ($(V),1)
q :=
say := @true
else
q := @
say := $(if $(findstring s,$(firstword -$(MAKEFLAGS))),@true,@printf '  %-7s %s\n')
endif

ta-cppflags := -I. -I$(mink-kit)/include
ta-cflags := -std=gnu11 -O2 -g -fPIC -fno-omit-frame-pointer -fstack-protector-strong \
	-ffunction-sections -fdata-sections -Wall -Wextra -Wno-unused-parameter -Wno-missing-field-initializers
ta-ldflags := -shared -Wl,--as-needed -Wl,--build-id -Wl,--hash-style=gnu -Wl,-Bsymbolic \
	-Wl,--gc-sections -Wl,--version-script=$(mink-kit)/src/ta.map -Wl,-z,noexecstack \
	-Wl,-z,relro -Wl,-z,now -Wl,-soname,$(TA_NAME)
head-cppflags := -DMINK_TA_NAME='"$(TA_NAME)"' -DMINK_TA_STACK_SIZE=$(TA_STACK_SIZE)

objs := $(patsubst %.c,$(out-dir)/%.o,$(notdir $(SRCS)))
ifneq ($(words $(objs)),$(words $(sort $(objs))))
$(error Two sources have the same file name: $(SRCS))
endif
head-obj := $(out-dir)/mink_ta_head.o
products := $(out-dir)/$(TA_NAME).elf $(out-dir)/$(TA_NAME).mbn

all: $(products)

# Holds the flags of the last run; touched only when they differ
build-stamp := $(out-dir)/.mink-ta-flags
$(build-stamp): FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$(COMPILER) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) $(LDADD) $(TA_NAME)' \
		'$(TA_STACK_SIZE)' | cmp -s - $@ || printf '%s\n' \
		'$(COMPILER) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) $(LDADD) $(TA_NAME)' \
		'$(TA_STACK_SIZE)' > $@

define object-rule
$(out-dir)/$(patsubst %.c,%.o,$(notdir $1)): $1 $(build-stamp)
	$$(say) CC '$$@'
	$$(q)$(COMPILER) $(ta-cppflags) $(CPPFLAGS) $(ta-cflags) $(CFLAGS) -MD -MP -MF $$@.d \
		-c $$< -o $$@
endef
$(foreach src,$(SRCS),$(eval $(call object-rule,$(src))))

$(head-obj): $(mink-kit)/src/ta_head.c $(build-stamp)
	$(say) CC '$@'
	$(q)$(COMPILER) $(ta-cppflags) $(head-cppflags) $(ta-cflags) $(CFLAGS) -MD -MP \
		-MF $@.d -c $< -o $@

$(out-dir)/$(TA_NAME).elf: $(objs) $(head-obj) $(mink-kit)/src/ta.map
	$(say) LD '$@'
	$(q)$(COMPILER) $(ta-ldflags) $(CFLAGS) -o $@ $(objs) $(head-obj) $(LDFLAGS) $(LDADD)

$(out-dir)/$(TA_NAME).mbn: $(out-dir)/$(TA_NAME).elf
	$(say) STRIP '$@'
	$(q)objcopy --strip-unneeded $< $@

clean:
	$(say) CLEAN '$(out-dir)'
	$(q)rm -f $(objs) $(objs:.o=.o.d) $(head-obj) $(head-obj).d $(products) $(build-stamp)

-include $(wildcard $(objs:.o=.o.d) $(head-obj).d)
