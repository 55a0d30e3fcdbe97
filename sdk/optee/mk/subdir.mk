# SPDX-License-Identifier: BSD-2-Clause
#
# Read sub.mk, and those of the subdirectories that it names
#
# What a sub.mk may set; everything counts for its own directory only, except the
# words that start with "global-":
#
#   srcs-y                  sources: .c, .cpp, .S; srcs-$(CFG_X) for a choice
#   subdirs-y               directories whose sub.mk follows
#   global-incdirs-y        include directories for every source
#   incdirs-y  incdirs-FILE-y          ... for this directory, for one source
#   global-cppflags-y       preprocessor flags for every source that follows
#   cflags-y  cflags-FILE-y            compiler flags; likewise cppflags, cxxflags,
#                                      aflags
#   cflags-remove-y  cflags-remove-FILE-y   flags not to use, likewise
#   gensrcs-y               names of generated sources: for a name N, produce-N is
#                           the file, recipe-N makes it, depends-N are its
#                           prerequisites, produce-additional-N other files that the
#                           recipe makes; force-gensrc-N=y makes it before anything
#                           is compiled (headers)
#   libnames libdirs libdeps           libraries to link: -l, -L, files to wait for
#   cleanfiles              further files that clean removes
#
# Recipes may use $(sub-dir), $(sub-dir-out), $(out-dir) and $(PYTHON3).
#
# Result: srcs-of-objs (one word "object|source" each), global-incdirs, and for each
# object cppflags-OBJ, cflags-OBJ, ..., incdirs-OBJ.

srcs-of-objs :=
global-incdirs :=
gen-first :=

# Every word that a sub.mk sets for its directory, to be emptied for the next one
sub-flag-words := cflags cppflags cxxflags aflags
sub-words := srcs subdirs global-incdirs global-cppflags incdirs gensrcs \
	incdirs-lib cflags-lib cppflags-lib cxxflags-lib \
	$(sub-flag-words) $(addprefix remove-,$(sub-flag-words)) \
	$(addsuffix -remove,$(sub-flag-words))

# $(call in-dir,DIR,PATHS): relative paths seen from DIR
in-dir = $(foreach path,$2,$(if $(filter /%,$(path))$(filter .,$1),$(path),$1/$(path)))

# The object of a source, below the output directory also when the source is not
obj-of = $(out-dir)/$(subst ../,__/,$(patsubst ./%,%,$(basename $1))).o

# $1 name in srcs-y, $2 source, $3 object
define sub-add-object
srcs-of-objs += $3|$2
$(foreach word,$(sub-flag-words), \
	$(eval $(word)-$3 := $($(word)-y) $($(word)-$1-y)) \
	$(eval $(word)-remove-$3 := $($(word)-remove-y) $($(word)-remove-$1-y)) \
	$(eval $(word)-$1-y :=) $(eval $(word)-remove-$1-y :=))
incdirs-$3 := $(sub-dir-out) $(call in-dir,$(sub-dir),$(incdirs-y) $(incdirs-$1-y))
incdirs-$1-y :=
endef

# $1 name in gensrcs-y, $2 the file that it makes
define sub-add-generated
cleanfiles += $2 $(addprefix $(sub-dir-out)/,$(produce-additional-$1))
gen-first += $(if $(filter y,$(force-gensrc-$1)),$2)
$2: sub-dir := $(sub-dir)
$2: sub-dir-out := $(sub-dir-out)
$2: $(depends-$1)
	$(value say) GEN '$$@'
	$$(q)mkdir -p $$(@D)
	$$(q)$(value recipe-$1)
$(addprefix $(sub-dir-out)/,$(produce-additional-$1)): $2
endef

sub-is-source = $(filter %.c %.cpp %.cc %.S,$1)

define sub-enter
$(eval sub-dir := $1)
$(eval sub-dir-out := $(if $(filter .,$1),$(out-dir),$(out-dir)/$1))
$(foreach word,$(sub-words),$(eval $(word)-y :=))
$(eval include $1/sub.mk)
$(eval global-incdirs += $(call in-dir,$1,$(global-incdirs-y)))
$(eval ta-cppflags += $(global-cppflags-y))
$(foreach name,$(srcs-y), \
	$(eval src := $(call in-dir,$1,$(name))) \
	$(eval $(call sub-add-object,$(name),$(src),$(call obj-of,$(src)))))
$(foreach name,$(gensrcs-y), \
	$(eval src := $(sub-dir-out)/$(produce-$(name))) \
	$(eval $(call sub-add-generated,$(name),$(src))) \
	$(if $(call sub-is-source,$(src)), \
		$(eval $(call sub-add-object,$(name),$(src),$(basename $(src)).o))))
$(foreach dir,$(call in-dir,$1,$(subdirs-y)),$(call sub-enter,$(dir)))
endef

$(if $(call sub-enter,.),)
