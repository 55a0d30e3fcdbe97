# SPDX-License-Identifier: BSD-2-Clause
#
# Rules for the products
#
# A TA is a shared object that swtee's TA host loads. Functions of the TEE API are
# left undefined in it; the host provides them and names those that it lacks. Only
# the symbols of ta.map leave it, so that nothing else can be interposed.

ta-link-libs := $(addprefix -L,$(libdirs)) -Wl,--start-group $(addprefix -l,$(libnames)) \
	-Wl,--end-group
ta-link-cc := $(if $(filter %.cpp %.cc,$(srcs-of-objs)),$(ta-cxx),$(ta-cc))
ta-ldflags := -shared -Wl,--as-needed -Wl,--build-id -Wl,--hash-style=gnu \
	-Wl,-z,now -Wl,-z,relro -Wl,-z,noexecstack

ifneq ($(BINARY),)
products := $(addprefix $(out-dir)/$(BINARY),.elf .ta)

$(out-dir)/$(BINARY).elf: $(objs) $(libdeps) $(ta-kit)/src/ta.map
	$(say) LD '$@'
	$(q)$(ta-link-cc) $(ta-ldflags) -Wl,-soname,$(BINARY) -Wl,-Bsymbolic -Wl,--gc-sections \
		-Wl,--version-script=$(ta-kit)/src/ta.map $(CFLAGS) -o $@ $(objs) \
		$(LDFLAGS) $(LDADD) $(ta-link-libs)

$(out-dir)/$(BINARY).ta: $(out-dir)/$(BINARY).elf
	$(say) STRIP '$@'
	$(q)$(ta-objcopy) --strip-unneeded $< $@
endif

ifneq ($(LIBNAME),)
products := $(out-dir)/$(LIBNAME).a

$(products): $(objs)
	$(say) AR '$@'
	$(q)rm -f $@
	$(q)$(ta-ar) rcs $@ $^
endif

ifneq ($(SHLIBNAME),)
products := $(out-dir)/$(SHLIBNAME).so $(addprefix $(out-dir)/$(SHLIBUUID),.elf .ta)

$(out-dir)/$(SHLIBNAME).so: $(objs) $(libdeps)
	$(say) LD '$@'
	$(q)$(ta-link-cc) $(ta-ldflags) -Wl,-soname,$(SHLIBUUID) $(CFLAGS) -o $@ $(objs) \
		$(LDFLAGS) $(LDADD) $(ta-link-libs)

$(out-dir)/$(SHLIBUUID).elf: $(out-dir)/$(SHLIBNAME).so
	$(say) LN '$@'
	$(q)ln -sf $(<F) $@

$(out-dir)/$(SHLIBUUID).ta: $(out-dir)/$(SHLIBNAME).so
	$(say) STRIP '$@'
	$(q)$(ta-objcopy) --strip-unneeded $< $@
endif

all: $(products)
