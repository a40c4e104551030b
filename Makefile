# make            build everything; the program is target/thaw
# make demo       the product in a minute: dump a real program, kill it, restore it lazily
# make test       all tests, those on the real kernel and end to end too (as root)
MVN ?= mvn -q -B
NATIVE := target/native

all: build

build: native
	$(MVN) -DskipTests package
	@src/build/unpack-natives $(CURDIR)/target/lib $(CURDIR)/$(NATIVE)
	@install -m 755 $(NATIVE)/thaw target/thaw

native:
	@mkdir -p $(NATIVE)
	@$(MAKE) --no-print-directory -s -C native OUT=$(CURDIR)/$(NATIVE)

clean:
	rm -rf target

.PHONY: all build native clean
