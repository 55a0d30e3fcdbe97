# SPDX-License-Identifier: BSD-2-Clause
#
# Rules for objects
#
# An object is made again when a file that it includes, a makefile or the command
# line's flags change.

srcs-of-objs += $(foreach src,$(kit-srcs),$(out-dir)/$(basename $(notdir $(src))).o|$(src))

objs := $(foreach pair,$(srcs-of-objs),$(firstword $(subst |, ,$(pair))))
ifneq ($(words $(objs)),$(words $(sort $(objs))))
$(error Two sources give the same object: $(objs))
endif

# Holds the flags of the last run; touched only when they differ
build-stamp := $(out-dir)/.ta-flags
build-flags := $(ta-cc) $(ta-cppflags) $(ta-cflags) $(ta-cxxflags) $(CPPFLAGS) $(CFLAGS) \
	$(CXXFLAGS) $(LDFLAGS) $(LDADD) $(foreach obj,$(objs),$(foreach word,$(sub-flag-words), \
	$($(word)-$(obj)) $($(word)-remove-$(obj))))
shell-quote = '$(subst ','\'',$1)'

$(build-stamp): FORCE
	@mkdir -p $(@D)
	@printf '%s\n' $(call shell-quote,$(build-flags)) | cmp -s - $@ || \
		printf '%s\n' $(call shell-quote,$(build-flags)) > $@

obj-cppflags = $(filter-out $(cppflags-remove-$1),$(ta-cppflags) \
	$(addprefix -I,$(global-incdirs) $(incdirs-$1)) $(cppflags-$1)) $(CPPFLAGS)
obj-cflags = $(filter-out $(cflags-remove-$1),$(ta-cflags) $(cflags-$1)) $(CFLAGS)
obj-cxxflags = $(filter-out $(cxxflags-remove-$1),$(ta-cxxflags) $(cxxflags-$1)) $(CXXFLAGS)
obj-aflags = $(filter-out $(aflags-remove-$1),$(ta-aflags) $(aflags-$1))

cmd-c = $(ta-cc) $(call obj-cppflags,$@) $(call obj-cflags,$@)
cmd-cxx = $(ta-cxx) $(call obj-cppflags,$@) $(call obj-cxxflags,$@)
cmd-asm = $(ta-cc) $(call obj-cppflags,$@) $(call obj-aflags,$@)

# $1 object, $2 source, $3 word for the log, $4 which command
define object-rule
$1: $2 $(build-stamp) $(filter-out %.d,$(MAKEFILE_LIST)) | $(gen-first)
	$$(say) $3 '$$@'
	$$(q)mkdir -p $$(@D)
	$$(q)$$(cmd-$4) -MD -MP -MF $$@.d -c $$< -o $$@
endef

$(foreach pair,$(srcs-of-objs), \
	$(eval obj := $(firstword $(subst |, ,$(pair)))) \
	$(eval src := $(lastword $(subst |, ,$(pair)))) \
	$(if $(filter %.c,$(src)),$(eval $(call object-rule,$(obj),$(src),CC,c)), \
	$(if $(filter %.cpp %.cc,$(src)),$(eval $(call object-rule,$(obj),$(src),CXX,cxx)), \
	$(if $(filter %.S,$(src)),$(eval $(call object-rule,$(obj),$(src),AS,asm)), \
	$(error $(src): a source ends in .c, .cpp, .cc or .S)))))

-include $(addsuffix .d,$(objs))
