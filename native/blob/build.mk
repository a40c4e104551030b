# $(OUT)/blob.bin: a flat binary without libc, globals or relocations.
BLOB_CFLAGS := -std=gnu11 -Os -Wall -Wextra -Werror -march=x86-64 -ffreestanding -fpie \
	-mgeneral-regs-only -fno-stack-protector -fno-asynchronous-unwind-tables -fcf-protection=none \
	-fno-jump-tables -fno-tree-loop-distribute-patterns -fno-builtin -mno-red-zone -fvisibility=hidden \
	-Iblob

$(OUT)/blob.bin: $(BLOB_SRC) blob/layout.h blob/blob.lds blob/build.mk
	@mkdir -p $(OUT)/obj/blob
	for s in $(BLOB_SRC); do \
	  $(CC) $(BLOB_CFLAGS) -c -o $(OUT)/obj/blob/$$(basename $$s).o $$s || exit 1; \
	done
	$(LD) -nostdlib -static -z noexecstack -T blob/blob.lds -o $(OUT)/obj/blob/blob.elf --emit-relocs \
	  $(patsubst blob/%,$(OUT)/obj/blob/%.o,$(BLOB_SRC))
	@if readelf -rW $(OUT)/obj/blob/blob.elf | grep -E 'R_X86_64_(64|32S?|GOT[A-Z]*|RELATIVE|TPOFF)'; then \
	  echo "the blob needs relocations" >&2; exit 1; \
	fi
	objcopy -O binary -j .text $(OUT)/obj/blob/blob.elf $@
