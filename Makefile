# make            build everything; the program is target/thaw
# make demo       the product in a minute: dump a real program, kill it, restore it lazily
# make test       all tests, those on the real kernel and end to end too (as root)
#                 KERNEL_REQUIRED=true: a kernel feature that is missing fails, instead of skipping
# make check      formatting, lint, all tests
# make fmt        format the Java sources
# make stress     the tests with a time budget, for ten minutes
# make bench      the figures of the README, about twenty minutes (one: ROW=reply)
# make golden     a new golden checkpoint, images/golden-VERSION, once for each format version
# make install    to PREFIX (/usr/local)
SHELL := /bin/bash
MVN ?= mvn -q -B
MVN_TEST ?= mvn -B -ntp
KERNEL_REQUIRED ?= false
STRESS_SECONDS ?= 600
BENCH_ROUNDS ?= 5
PREFIX ?= /usr/local
NATIVE := target/native
HOME_DIR = $(DESTDIR)$(PREFIX)/lib/thaw
PICOCLI_VERSION := $(shell sed -n 's/.*<picocli.version>\(.*\)<.*/\1/p' pom.xml)

all: build

build: native
	$(MVN) -DskipTests package
	@$(MAKE) --no-print-directory -s assemble

# What Maven does not make: picocli for Java 17, unpacked native libraries, the class-data archive.
assemble:
	@src/build/recompile-picocli $(CURDIR)/target/sources/picocli-sources.jar \
	  $(CURDIR)/target/lib/picocli-$(PICOCLI_VERSION).jar
	@src/build/unpack-natives $(CURDIR)/target/lib $(CURDIR)/$(NATIVE)
	@cmp -s $(NATIVE)/thaw target/thaw || install -m 755 $(NATIVE)/thaw target/thaw
	@if [ target/thaw.jar -nt target/thaw.jsa ]; then src/build/make-archive target; fi

native:
	@mkdir -p $(NATIVE)
	@$(MAKE) --no-print-directory -s -C native OUT=$(CURDIR)/$(NATIVE)

demo: build
	@src/build/require redis-server:redis-server redis-tools:redis-cli
	@src/demo/redis target/thaw

test: build
	@src/build/require redis-server:redis-server python3:python3 procps:ps util-linux:setpriv strace:strace chromium:chromium
	$(MVN_TEST) verify -Dkernel.required=$(KERNEL_REQUIRED)

check: build
	$(MVN) spotless:check checkstyle:check
	@$(MAKE) --no-print-directory test

stress: build
	$(MVN_TEST) verify -Dtest=None -Dsurefire.failIfNoSpecifiedTests=false -Dit.test='*Stress*,*Model*' \
	  -Dstress.seconds=$(STRESS_SECONDS) -Dkernel.required=$(KERNEL_REQUIRED)

fmt:
	$(MVN) spotless:apply

# Markdown tables for the README, about twenty minutes; one of them by `make bench ROW=reply`. Each figure is
# measured beside its baselines, by turns, in the same run.
#   resume   dumps and restores of 64 MiB to 4 GiB       redis    redis with 1 GiB: dump, restore, first GETs
#   reply    command to first reply, by thawd and not    clones   64 clones of 512 MiB, and their memory
#   hotspot  Tomcat: cold start beside restore           fill     filling beside the memory's own limit
#   pager    a fault, a scan, fault-around            readers  threads that fault at once, readers that answer
BENCH_ROWS := resume redis reply clones hotspot fill pager readers
ROW ?= $(BENCH_ROWS)
BENCH = "$${JAVA_HOME:+$$JAVA_HOME/bin/}java" -Dthaw.native=$(CURDIR)/$(NATIVE) -Dthaw.command=$(CURDIR)/target/thaw \
  -cp target/test-classes:target/classes:$$(<target/bench.classpath)
bench: build
	@src/build/require redis-server:redis-server tomcat10-user:tomcat10-instance-create
	@$(MVN) test-compile dependency:build-classpath -Dmdep.outputFile=target/bench.classpath
	@src/bench/machine
	@set -e; for row in $(ROW); do $(MAKE) --no-print-directory -s bench-$$row; echo; done

bench-resume:
	@src/bench/resume target/thaw $(NATIVE)/bench/ballast $(BENCH_ROUNDS)
bench-redis:
	@$(BENCH) dev.thaw.real.RedisBench $(BENCH_ROUNDS)
bench-reply:
	@$(BENCH) dev.thaw.real.ReplyBench $$((4 * $(BENCH_ROUNDS)))
bench-clones:
	@$(BENCH) dev.thaw.real.ClonesBench $(BENCH_ROUNDS)
bench-hotspot:
	@$(BENCH) dev.thaw.real.HotSpotBench $(BENCH_ROUNDS)
bench-fill:
	@$(BENCH) dev.thaw.pager.FillBench $(BENCH_ROUNDS)
bench-pager:
	@$(BENCH) dev.thaw.pager.PagerBench $(BENCH_ROUNDS)
bench-readers:
	@$(NATIVE)/bench/readers $(BENCH_ROUNDS)

FORMAT_VERSION = $(shell sed -n 's/.*FORMAT_VERSION = \(.*\);/\1/p' src/main/java/dev/thaw/image/Manifest.java)
golden: build
	@src/build/make-golden target/thaw $(NATIVE)/victims/nolibc images/golden-$(FORMAT_VERSION)

# The archive knows its jars by path, so it is made where they come to lie; not under a DESTDIR.
install: build
	install -d $(DESTDIR)$(PREFIX)/bin $(HOME_DIR)/lib $(HOME_DIR)/native
	install -m 755 target/thaw $(DESTDIR)$(PREFIX)/bin/thaw
	install -m 755 $(addprefix $(NATIVE)/,thaw-init thaw-rehearsal trainee) $(HOME_DIR)/native/
	install -m 644 $(NATIVE)/*.so $(NATIVE)/blob.bin $(HOME_DIR)/native/
	install -m 644 target/thaw.jar $(HOME_DIR)/
	install -m 644 target/lib/*.jar $(HOME_DIR)/lib/
	install -m 755 src/build/make-archive $(HOME_DIR)/
	if [ -z "$(DESTDIR)" ]; then $(HOME_DIR)/make-archive $(HOME_DIR) $(PREFIX)/bin/thaw; fi

clean:
	rm -rf target

.PHONY: all build assemble native demo test check stress fmt bench golden install clean \
  $(BENCH_ROWS:%=bench-%)
