# make            build everything; the program is target/thaw
# make demo       the product in a minute: dump a real program, kill it, restore it lazily
# make test       all tests, those on the real kernel and end to end too (as root)
SHELL := /bin/bash
MVN ?= mvn -q -B
NATIVE := target/native
PICOCLI_VERSION := $(shell sed -n 's/.*<picocli.version>\(.*\)<.*/\1/p' pom.xml)

all: build

build: native
	$(MVN) -DskipTests package
	@src/build/recompile-picocli $(CURDIR)/target/sources/picocli-sources.jar \
	  $(CURDIR)/target/lib/picocli-$(PICOCLI_VERSION).jar
	@src/build/unpack-natives $(CURDIR)/target/lib $(CURDIR)/$(NATIVE)
	@install -m 755 $(NATIVE)/thaw target/thaw
	@if [ target/thaw.jar -nt target/thaw.jsa ]; then src/build/make-archive target; fi

native:
	@mkdir -p $(NATIVE)
	@$(MAKE) --no-print-directory -s -C native OUT=$(CURDIR)/$(NATIVE)

clean:
	rm -rf target

.PHONY: all build native clean
