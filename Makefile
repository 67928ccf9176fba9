# gyre: builds the runtime, the plugins, the tests. `make help` lists the targets.
#
#   make CC=clang        another compiler           make NATIVE=1   for this CPU alone
#   make DEBUG=1         -O1, debug checks          make WERROR=1   warnings are errors
#   make V=1             shows the commands         make BUILD=dir  another output folder
#
# Files are found by wildcard: a new source, plugin or test needs no line here.
# plugins/NAME/plugin.mk may ask for libraries; without them the plugin is left out with a line:
#   NAME_PKG  := jansson          pkg-config names: probed, and used for flags and libraries
#   NAME_HDR  := csv.h            headers of libraries without a .pc file: probed
#   NAME_LIBS := -lcsv            their link flags
#   NAME_APT  := libjansson-dev   Debian packages that bring all these (`make check` installs them)
#   NAME_SRC  := plugins/...      sources of another plugin to compile in, or of runtime/base

BUILD    ?= build
SAN      ?=
ifeq ($(origin CC),default)
CC       := gcc
endif
OBJ      := $(BUILD)/obj
WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes $(if $(WERROR),-Werror)
CFLAGS   := $(if $(DEBUG)$(SAN)$(COVER),-O1 -DGY_DEBUG,-O3) -g -std=c17 -D_GNU_SOURCE $(WARNINGS) \
            $(if $(NATIVE),-march=native) $(if $(COVER),--coverage) \
            $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer -DGY_SANITIZED)
LDFLAGS  := $(if $(SAN),-fsanitize=$(SAN)) $(if $(COVER),--coverage)
LIBS     := -ldl -lconfig -lxxhash -lpthread -lm
SDK      := -Isdk/include -Isdk/testkit
# Sanitizer runtimes are in the executable, so plugins cannot resolve everything themselves.
SHARED   := -fPIC -fvisibility=hidden
LDSHARED := -shared $(if $(SAN),,-Wl,-z,defs)
DEPFLAGS  = -MMD -MP -MF $@.d -MT $@

# One core, one job, unless told: make -j4, or JOBS=4.
ifeq ($(MAKELEVEL)$(filter -j% --jobs%,$(MAKEFLAGS)),0)
MAKEFLAGS += -j$(or $(JOBS),$(shell nproc))
endif
MAKEFLAGS += --no-print-directory --no-builtin-rules
say = $(if $(V),,@printf '  %-5s %s\n' $(1) $@;)mkdir -p $(@D) &&

objects  = $(patsubst %.c,$(OBJ)/%.o,$(1))
part_of  = $(patsubst runtime/%,plugins/runtime/%,$(1))
LIB_SRC := $(filter-out runtime/app/main.c,$(wildcard runtime/*/*.c))
KIT_SRC := $(filter-out runtime/conform/% runtime/flow/% runtime/app/%,$(LIB_SRC))
OP_SRC  := $(filter-out runtime/kit/%,$(KIT_SRC))
SUPPORT := $(call objects,$(wildcard tests/support/*.c))

-include $(wildcard plugins/*/plugin.mk)
has_hdr  = $(shell $(CC) -E -include $(1) -x c /dev/null >/dev/null 2>&1 && echo yes)
lacking  = $(if $($(1)_PKG),$(shell pkg-config --exists $($(1)_PKG) 2>/dev/null || echo $($(1)_PKG))) \
           $(foreach h,$($(1)_HDR),$(if $(call has_hdr,$(h)),,$(h)))
pkg      = $(if $($(2)_PKG),$(shell pkg-config $(1) $($(2)_PKG)))
ALL_PLUGINS := $(sort $(notdir $(patsubst %/,%,$(dir $(wildcard plugins/*/*.c)))))
PLUGINS  := $(foreach p,$(ALL_PLUGINS),$(if $(strip $(call lacking,$(p))),,$(p)))
LEFT_OUT := $(filter-out $(PLUGINS),$(ALL_PLUGINS))

so       = $(patsubst tests/$(1)/%.c,$(BUILD)/$(1)/%.so,$(wildcard tests/$(1)/*.c))
# Suites and fuzzers of a plugin that is left out are left out too: test_NAME_*.c, fuzz_NAME_*.c.
with     = $(filter-out $(foreach p,$(LEFT_OUT),$(foreach f,unit/test e2e/test sim/test fuzz/fuzz,tests/$(f)_$(p)_%)),$(1))
# The long ones first, so that no CPU waits for them at the end.
SUITES  := $(patsubst %.c,$(BUILD)/%,$(call with,$(wildcard tests/sim/test_*.c) $(wildcard tests/e2e/test_*.c) \
           $(wildcard tests/unit/test_*.c)))
RUN     := $(strip $(if $(ONLY),$(foreach s,$(SUITES),$(if $(findstring $(ONLY),$(s)),$(s))),$(SUITES)))
LIMITS  := $(patsubst tests/%.c,$(BUILD)/%,$(wildcard tests/bench/*.c))
FUZZERS := $(patsubst %.c,$(BUILD)/%,$(call with,$(wildcard tests/fuzz/fuzz_*.c)))
PROGRAM := $(if $(wildcard runtime/app/main.c),$(BUILD)/gyre) \
           $(foreach p,$(PLUGINS),$(BUILD)/plugins/$(p).so)
EXTRAS  := $(call so,bad) $(call so,fixtures) $(call so,embed)
export GYRE_BUILD := $(abspath $(BUILD))

PREFIX   ?= /usr/local
AT        = $(DESTDIR)$(PREFIX)
put       = install -d '$(AT)/$(2)' && install -m $(1) $(3) '$(AT)/$(2)'
# The rows of the table of commands: each has a page, which gyre writes itself.
COMMANDS := $(shell sed -n 's/^    {"\([a-z]*\)", ".*", [0-9]*, .*/\1/p' runtime/app/command.c)
PAGES    := man1/gyre.1 $(COMMANDS:%=man1/gyre-%.1) man5/gyre-job.5
EXAMPLES := $(filter-out %.sh,$(wildcard jobs/*.*))
GUIDES   := README.md LICENSE $(wildcard plugins/*.md sdk/*.md runtime/*.md tests/*.md)
COMPLETE := share/bash-completion/completions/gyre share/zsh/site-functions/_gyre
MADE     := $(PAGES:%=share/man/%) $(COMPLETE)
INSTALLED = bin/gyre $(ALL_PLUGINS:%=lib/gyre/plugins/%.so) $(patsubst sdk/%,%,$(wildcard sdk/include/gyre/*.h)) \
            include/gyre/testkit.h lib/libgyre-testkit.a lib/pkgconfig/gyre-sdk.pc \
            lib/pkgconfig/gyre-testkit.pc $(EXAMPLES:%=share/gyre/%) $(GUIDES:%=share/gyre/%) $(MADE)

# ---- targets -----------------------------------------------------------------------------------

all: $(PROGRAM) $(BUILD)/libgyre-testkit.a left-out ## build the program and its plugins (the default)

demo: setup ## count the words of real text, and show how to count yours
	@$(MAKE) all && jobs/demo.sh

check: setup ## run all tests (ONLY=text: suites with that in their name; minutes)
	@$(MAKE) suites && tests/run.sh $(RUN)

asan: ## the tests under the address, leak and undefined behaviour sanitizers
	@$(MAKE) check BUILD=build/asan SAN=address,undefined

ubsan: ## the tests under the undefined behaviour sanitizer alone, which is faster
	@$(MAKE) check BUILD=build/ubsan SAN=undefined

tsan: ## the tests under the thread sanitizer
	@$(MAKE) check BUILD=build/tsan SAN=thread

tidy: ## format, floors, cycles of includes and calls, lengths, headers alone, doc labels
	@tests/tidy.sh

format: ## rewrite the sources in the project's format
	@find runtime plugins sdk tests -name '*.[ch]' | xargs -r clang-format -i

catalogue: all ## make plugins/README.md anew from what `gyre inspect` says
	@plugins/catalogue.sh $(BUILD)/gyre

sim: setup ## whole jobs under a seeded scheduler (SEEDS=n, SEED=n replays one)
	@$(MAKE) suites && GYRE_SIM_SEEDS=$(SEEDS) GYRE_SIM_SEED=$(SEED) GYRE_TEST_TIMEOUT=86400 \
	    tests/run.sh $(filter $(BUILD)/tests/sim/%,$(SUITES))

bench: setup ## measure, and print figures beside the machine's limits
	@$(MAKE) all bench-programs && tests/bench/bench.sh

fuzz: ## fuzz each tests/fuzz/fuzz_*.c (FUZZ_SECONDS=60 each)
	@.ci/setup build test fuzz
	@$(MAKE) fuzzers CC=clang BUILD=build/fuzz SAN=address,undefined,fuzzer-no-link
	@GYRE_BUILD='$(abspath build/fuzz)' tests/fuzz.sh build/fuzz/tests/fuzz $(or $(FUZZ_SECONDS),60)

mutants: all ## change a line of a standard plugin, one at a time, and see what gyre conform finds (minutes)
	@tests/mutants.sh -g $(BUILD)/gyre

cover: ## line coverage of the runtime and the plugins by the tests
	@$(MAKE) check BUILD=build/cover COVER=1
	@tests/cover.sh build/cover/obj

setup: ## install what building and testing needs (Debian, Ubuntu)
	@.ci/setup build test

install: all ## install below PREFIX=/usr/local; DESTDIR= goes before it
	@$(call put,755,bin,$(BUILD)/gyre)
	@$(call put,755,lib/gyre/plugins,$(PLUGINS:%=$(BUILD)/plugins/%.so))
	@$(call put,644,include/gyre,$(wildcard sdk/include/gyre/*.h) sdk/testkit/gyre/testkit.h)
	@$(call put,644,lib,$(BUILD)/libgyre-testkit.a)
	@set -e; for f in $(EXAMPLES) $(GUIDES); do install -D -m 644 $$f '$(AT)/share/gyre/'$$f; done
	@set -e; for f in $(MADE); do mkdir -p '$(BUILD)/made/'$${f%/*}; case $$f in \
	    */gyre-*) n=$${f##*/gyre-}; $(BUILD)/gyre help --man $${n%.*} ;; \
	    *.1) $(BUILD)/gyre help --man ;; \
	    *bash*) $(BUILD)/gyre help --completion bash ;; \
	    *) $(BUILD)/gyre help --completion zsh ;; esac >'$(BUILD)/made/'$$f; \
	    install -D -m 644 '$(BUILD)/made/'$$f '$(AT)/'$$f; done
	@install -d '$(AT)/lib/pkgconfig'; for f in gyre-sdk gyre-testkit; do \
	    sed 's|@PREFIX@|$(PREFIX)|' sdk/$$f.pc.in | install -m 644 /dev/stdin '$(AT)/lib/pkgconfig/'$$f.pc; done

uninstall: ## remove what `make install` put there, and the folders that are gyre's own
	@rm -f $(foreach f,$(INSTALLED),'$(AT)/$(f)')
	@for d in lib/gyre/plugins lib/gyre lib/pkgconfig include/gyre $(sort $(dir $(GUIDES:%=share/gyre/%) \
	    $(EXAMPLES:%=share/gyre/%) $(MADE))) share/gyre share/man share/bash-completion share/zsh; do \
	    [ ! -d '$(AT)'/$$d ] || rmdir '$(AT)'/$$d 2>/dev/null || :; done

clean: ## remove everything that was built
	rm -rf build $(filter-out build /,$(BUILD))

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' Makefile

suites: all $(EXTRAS) $(SUITES)
bench-programs: $(LIMITS) $(call so,bench/plugins)
fuzzers: all $(call so,fixtures) $(FUZZERS)
left-out:
	@$(foreach p,$(LEFT_OUT),echo "plugin $(p) left out, missing: $(strip $(call lacking,$(p)))\
	    (from: $(or $($(p)_APT),see plugins/$(p)/plugin.mk))";):

.PHONY: all demo check asan ubsan tsan tidy format catalogue sim bench fuzz mutants cover setup install uninstall clean help \
        suites bench-programs fuzzers left-out FORCE
.SECONDARY:
.SECONDEXPANSION:
.DELETE_ON_ERROR:

# ---- rules -------------------------------------------------------------------------------------

# Everything compiled depends on the flags it was compiled with, and on nothing being missing.
FLAGS := $(CC) $(CFLAGS) $(SHARED) $(LDFLAGS) $(foreach p,$(PLUGINS),$($(p)_LIBS))
$(OBJ)/flags: FORCE
	@.ci/setup --check build
	@mkdir -p $(@D) && echo '$(FLAGS)' | cmp -s - $@ || echo '$(FLAGS)' >$@

$(OBJ)/runtime/%.o: runtime/%.c $(OBJ)/flags
	$(call say,CC)$(CC) $(CFLAGS) -Iruntime $(SDK) $(DEPFLAGS) -c $< -o $@

# Tests that are called after a plugin may have its sources in them: they get its package, too.
package  = $(call pkg,$(1),$(word 2,$(subst _, ,$(basename $(notdir $@)))))
$(OBJ)/tests/%.o: tests/%.c $(OBJ)/flags
	$(call say,CC)$(CC) $(CFLAGS) -Itests -Itests/support -Iruntime $(SDK) $(call package,--cflags) $(DEPFLAGS) -c $< -o $@

$(OBJ)/plugins/%.o: plugins/%.c $(OBJ)/flags
	$(call say,CC)$(CC) $(CFLAGS) $(SHARED) $(SDK) $(call pkg,--cflags,$(firstword $(subst /, ,$*))) \
	    $(DEPFLAGS) -c $< -o $@

# Holds the files that `gyre new` begins a project with.
$(OBJ)/runtime/app/template.o: $(wildcard sdk/new/*/*)
# Holds the plugin's own Lua.
$(OBJ)/plugins/lua/texts.o: $(wildcard plugins/lua/*.lua)

# What a plugin takes from the runtime is compiled as it is itself: none of it is to be seen from outside.
$(OBJ)/plugins/runtime/%.o: runtime/%.c $(OBJ)/flags
	$(call say,CC)$(CC) $(CFLAGS) $(SHARED) -Iruntime $(SDK) $(DEPFLAGS) -c $< -o $@

# What ends with op/ may be part of another program: a library of its own, also for a shared object.
$(call objects,$(KIT_SRC)): CFLAGS += $(SHARED)
$(OBJ)/tests/embed/%.o: CFLAGS += $(SHARED)

$(BUILD)/libgyre.a: $(call objects,$(LIB_SRC))
$(BUILD)/libgyre-op.a: $(call objects,$(OP_SRC))
$(BUILD)/libgyre-testkit.a: $(call objects,$(KIT_SRC))
$(BUILD)/libgyre.a $(BUILD)/libgyre-op.a $(BUILD)/libgyre-testkit.a:
	$(call say,AR)rm -f $@ && ar rcs $@ $^

$(BUILD)/embed/%.so: $(OBJ)/tests/embed/%.o $(BUILD)/libgyre-op.a
	$(call say,LINK)$(CC) $(LDFLAGS) $(LDSHARED) $^ $(LIBS) -o $@

$(BUILD)/gyre: $(OBJ)/runtime/app/main.o $(BUILD)/libgyre.a
	$(call say,LINK)$(CC) $(LDFLAGS) $^ $(LIBS) -o $@

# The loader refuses what others can write, hence the chmod.
$(BUILD)/plugins/%.so: $$(call objects,$$(wildcard plugins/$$*/*.c) $$(call part_of,$$($$*_SRC)))
	$(call say,LINK)$(CC) $(LDFLAGS) $(LDSHARED) $^ $(call pkg,--libs,$*) $($*_LIBS) -o $@ \
	    && chmod go-w $(@D) $@

# In one step, so coverage of these, which nobody asks for, would go to the working directory.
SO_FROM_C = $(call say,SO)$(CC) $(filter-out --coverage,$(CFLAGS) $(LDFLAGS)) $(SHARED) $(SDK) $(DEPFLAGS) \
    $(LDSHARED) $< -Wl,--as-needed -lm -o $@ \
	    && chmod go-w $(@D) $@
$(BUILD)/bad/%.so: tests/bad/%.c $(OBJ)/flags
	$(SO_FROM_C)
$(BUILD)/fixtures/%.so: tests/fixtures/%.c $(OBJ)/flags
	$(SO_FROM_C)
$(BUILD)/bench/plugins/%.so: tests/bench/plugins/%.c $(OBJ)/flags
	$(SO_FROM_C)

# Those that are made of the runtime's parts take them from the library.
$(BUILD)/bench/%: $(OBJ)/tests/bench/%.o $(BUILD)/libgyre.a
	$(call say,LINK)$(CC) $(LDFLAGS) $^ $(LIBS) $(if $(findstring json,$*),$(file_LIBS)) $(if $(findstring parse,$*),$(text_LIBS)) -o $@

# A fuzzer: its fuzz_*.c, the other sources of its folder, the files of tests/support, the library.
$(BUILD)/tests/fuzz/%: $(OBJ)/tests/fuzz/%.o $(call objects,$(filter-out \
    $(wildcard tests/fuzz/fuzz_*.c),$(wildcard tests/fuzz/*.c)) tests/support/files.c) $(BUILD)/libgyre.a
	$(call say,LINK)$(CC) $(LDFLAGS) -fsanitize=fuzzer $^ $(LIBS) $(call package,--libs) -o $@

# A suite: its test_*.c, the other sources of its folder, tests/support, the library.
$(BUILD)/tests/%: $(OBJ)/tests/%.o $$(call objects,$$(filter-out %/test_$$(*F).c,$$(filter-out \
    $$(wildcard tests/$$(*D)/test_*.c),$$(wildcard tests/$$(*D)/*.c)))) $(SUPPORT) $(BUILD)/libgyre.a
	$(call say,LINK)$(CC) $(LDFLAGS) $^ $(LIBS) $(call package,--libs) -lcunit -o $@

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
