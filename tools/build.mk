# SPDX-License-Identifier: MIT
# How sources become programs. Included by the Makefile; separate so that the list of targets stays readable.
MODELS := $(sort $(wildcard src/services/*/*.model))
SERVICES := $(patsubst src/services/%/,%,$(sort $(dir $(MODELS))))
GEN_C := $(SERVICES:%=$(BUILD)/gen/%.c)
GEN_H := $(SERVICES:%=$(BUILD)/gen/%.h)

# The library: everything but the programs' own main files. Its archive is ordered by layer only for the reader.
LIB_DIRS := base crypto wire store identify authz api vault warden conductor \
  $(sort $(patsubst src/%/,%,$(dir $(wildcard src/services/*/*.c))))
LIB_SRC := $(foreach d,$(LIB_DIRS),$(wildcard src/$(d)/*.c))
LIB_OBJ := $(LIB_SRC:src/%.c=$(BUILD)/%.o) $(GEN_C:%.c=%.o) $(if $(MODELS),$(BUILD)/gen/services.o) $(BUILD)/llhttp/llhttp.o $(BUILD)/llhttp/http.o $(BUILD)/llhttp/api.o
LIBS := -ljansson -lexpat -lsqlite3 -lssl -lcrypto -lldns -lz -lm
TEMPLATE_LIBS := -lyaml -lpcre2-8

FRONT_SRC := $(wildcard src/*.c) $(wildcard src/verbs/*.c)
WARDEN_SRC := $(wildcard src/warden/server/*.c)
WARDEN_COMMON := src/warden/message.c src/warden/plan.c
AGENT_SRC := $(wildcard src/runtimes/agent/*.c)
HOST_SRC := $(wildcard src/runtimes/lambda/*.c)
INIT_SRC := $(wildcard src/runtimes/init/*.c)
XGB_SRC := $(wildcard src/runtimes/xgboost/*.c)
XGB_COMMON := $(filter-out %/train.c %/serve.c,$(XGB_SRC))

obj = $(patsubst src/%.c,$(BUILD)/%.o,$(1))
PROGRAMS := $(if $(wildcard src/main.c),$(BUILD)/barmkin) $(if $(WARDEN_SRC),$(BUILD)/barmkin-warden) \
  $(if $(AGENT_SRC),$(BUILD)/barmkin-agent) $(if $(INIT_SRC),$(BUILD)/sandbox-init) \
  $(if $(wildcard src/runtimes/xgboost/train.c),$(BUILD)/xgboost-train) \
  $(if $(wildcard src/runtimes/xgboost/serve.c),$(BUILD)/xgboost-serve $(BUILD)/images/native/built) \
  $(BUILD)/function-host $(BUILD)/images/python/built
UNIT_SRC := $(shell find tests/unit -name '*.c' 2>/dev/null | sort)
UNIT_TESTS := $(UNIT_SRC:tests/%.c=$(BUILD)/tests/%)

$(BUILD)/modelc: tools/modelc.c tools/modelc_write.c tools/modelc_cfn.c src/base/str.c src/base/arena.c src/base/buf.c src/base/err.c src/base/map.c
	@mkdir -p $(@D)
	@$(CC) -std=gnu17 -D_GNU_SOURCE -Isrc -Itools -O1 -g -Wall -Wextra -Werror -o $@ $(filter %.c,$^)

# One run writes every service's tables and the list of services.
$(BUILD)/gen/models.mk: $(BUILD)/modelc $(MODELS)
	@mkdir -p $(@D)
	$(BUILD)/modelc -o $(BUILD)/gen $(MODELS)
	@touch $@
$(if $(MODELS),$(GEN_C) $(GEN_H) $(BUILD)/gen/services.c): $(BUILD)/gen/models.mk ;

$(BUILD)/%.o: src/%.c | $(if $(MODELS),$(BUILD)/gen/models.mk)
	@mkdir -p $(@D)
	@echo "  CC $<"
	@$(CC) $(CPPFLAGS) $(CFLAGS) $(CFLAGS_$(*F)) -c -o $@ $<
$(BUILD)/gen/%.o: $(BUILD)/gen/%.c
	@$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<
$(BUILD)/llhttp/%.o: /usr/share/llhttp/%.c
	@mkdir -p $(@D)
	@echo "  LD $@"
	@$(CC) $(CPPFLAGS) -DLLHTTP_STRICT_MODE=1 -I/usr/share/include/llhttp -std=gnu17 $(OPT) $(HARDEN) $(SAN) -w -c -o $@ $<

$(BUILD)/libbarmkin.a: $(LIB_OBJ)
	@rm -f $@
	@$(AR) rcs $@ $^
# Base alone, for the programs that must not carry a crypto library.
$(BUILD)/libbase.a: $(call obj,$(filter-out src/base/json.c src/base/yaml.c,$(wildcard src/base/*.c)))
	@rm -f $@
	@$(AR) rcs $@ $^

$(BUILD)/barmkin: $(call obj,$(FRONT_SRC)) $(BUILD)/libbarmkin.a
	@echo "  LD $@"
	@$(CC) $(LDFLAGS) -o $@ $^ $(LIBS) $(TEMPLATE_LIBS)
$(BUILD)/barmkin-warden: $(call obj,$(WARDEN_SRC) $(WARDEN_COMMON)) $(BUILD)/libbase.a
	@echo "  LD $@"
	@$(CC) $(LDFLAGS) -o $@ $^ -lnftables -lmnl -lseccomp
$(BUILD)/barmkin-agent: $(call obj,$(AGENT_SRC)) $(BUILD)/libbarmkin.a
	@echo "  LD $@"
	@$(CC) $(LDFLAGS) -o $@ $^ $(LIBS) -lcurl -larchive -lseccomp
# Static and without sanitizers: it runs in an image that has no libraries of ours.
$(BUILD)/sandbox-init: $(INIT_SRC)
	@mkdir -p $(@D)
	@echo "  LD $@"
	@$(CC) $(CPPFLAGS) -std=gnu17 -O2 -g $(WARN) -static -o $@ $(INIT_SRC)
# Likewise: it stands in any image that a function runs in.
$(BUILD)/function-host: $(HOST_SRC) src/runtimes/init/start.c $(wildcard src/runtimes/lambda/*.h) $(addprefix src/base/,buf.c str.c arena.c err.c) $(BUILD)/plain/llhttp.o $(BUILD)/plain/http.o $(BUILD)/plain/api.o
	@mkdir -p $(@D)
	@echo "  LD $@"
	@$(CC) $(CPPFLAGS) -std=gnu17 -O2 -g $(WARN) -fstack-protector-strong -D_FORTIFY_SOURCE=2 -I/usr/share/include/llhttp -static -o $@ $(filter %.c %.o,$^)

# These run inside sandboxes, where no sanitizer could start (no ptrace, no /proc of the host).
$(BUILD)/xgboost-train $(BUILD)/xgboost-serve: $(wildcard src/runtimes/xgboost/*.h)
$(BUILD)/xgboost-train: src/runtimes/xgboost/train.c $(XGB_COMMON)
$(BUILD)/xgboost-serve: src/runtimes/xgboost/serve.c $(XGB_COMMON)
$(BUILD)/xgboost-train $(BUILD)/xgboost-serve: $(filter-out src/base/yaml.c,$(wildcard src/base/*.c)) $(BUILD)/plain/llhttp.o $(BUILD)/plain/http.o $(BUILD)/plain/api.o
	@mkdir -p $(@D)
	@echo "  LD $@"
	@$(CC) $(CPPFLAGS) -std=gnu17 -O2 -g $(WARN) -fstack-protector-strong -fPIE -D_FORTIFY_SOURCE=2 -pthread -pie -Wl,-z,relro,-z,now \
	  -o $@ $(filter %.c %.o,$^) -lxgboost -ljansson -lm

$(BUILD)/plain/%.o: /usr/share/llhttp/%.c
	@mkdir -p $(@D)
	@$(CC) $(CPPFLAGS) -I/usr/share/include/llhttp -std=gnu17 -O2 -g -fPIE -w -c -o $@ $<

# The image they run in.
$(BUILD)/images/native/built: tools/image-native $(BUILD)/xgboost-train $(BUILD)/xgboost-serve
	@tools/image-native $(BUILD)
	@touch $@

# Where functions run.
$(BUILD)/images/python/built: tools/image-python $(BUILD)/function-host $(wildcard src/runtimes/lambda/*.py) src/runtimes/lambda/bootstrap
	@tools/image-python $(BUILD)

# Their shared part for the unit tests, which do run under sanitizers.
$(BUILD)/libxgb.a: $(call obj,$(XGB_COMMON))
	@rm -f $@
	@$(AR) rcs $@ $^
XGB_TESTS := $(filter $(BUILD)/tests/unit/runtimes/xgboost/%,$(UNIT_TESTS))
$(XGB_TESTS): $(BUILD)/libxgb.a
$(BUILD)/tests/unit/runtimes/xgboost/programs: $(BUILD)/xgboost-train $(BUILD)/xgboost-serve
$(XGB_TESTS): UNIT_LIBS = $(BUILD)/libxgb.a -lxgboost

$(BUILD)/tests/%: tests/%.c $(BUILD)/libbarmkin.a
	@mkdir -p $(@D)
	@echo "  LD $@"
	@$(CC) $(CPPFLAGS) -Itests/unit $(CFLAGS) -Wno-missing-prototypes $(LDFLAGS) -o $@ $< $(UNIT_EXTRA_$(notdir $*)) $(UNIT_LIBS) $(BUILD)/libbarmkin.a $(LIBS) $(TEMPLATE_LIBS) -lm -lcmocka

$(BUILD)/libagent.a: $(call obj,$(filter-out %/main.c,$(AGENT_SRC)))
	@rm -f $@
	@$(AR) rcs $@ $^
AGENT_TESTS := $(filter $(BUILD)/tests/unit/runtimes/agent/%,$(UNIT_TESTS))
$(AGENT_TESTS): $(BUILD)/libagent.a
$(AGENT_TESTS): UNIT_LIBS = $(BUILD)/libagent.a -lcurl -larchive -lseccomp

# Warden's tests start the real program; those of its parts link them.
$(BUILD)/libwarden.a: $(call obj,$(filter-out %/main.c,$(WARDEN_SRC)))
	@rm -f $@
	@$(AR) rcs $@ $^
WARDEN_INSIDE := $(BUILD)/tests/unit/warden/volume $(BUILD)/tests/unit/warden/volume_share
$(filter $(WARDEN_INSIDE),$(UNIT_TESTS)): $(BUILD)/libwarden.a
$(BUILD)/probe: tests/probe/probe.c
	@mkdir -p $(@D)
	$(CC) -D_GNU_SOURCE -std=gnu17 -O1 -Wall -Wextra -Werror -static -o $@ $<
$(filter $(BUILD)/tests/unit/warden/sandbox,$(UNIT_TESTS)): | $(BUILD)/probe $(BUILD)/sandbox-init $(BUILD)/barmkin-agent \
  $(BUILD)/images/native/built
$(WARDEN_INSIDE): UNIT_LIBS = $(BUILD)/libwarden.a -lnftables -lmnl
$(filter $(BUILD)/tests/unit/warden/%,$(UNIT_TESTS)): | $(BUILD)/barmkin-warden

-include $(shell find $(BUILD) -path '*/images' -prune -o -name '*.d' -print 2>/dev/null)
