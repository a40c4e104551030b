package dev.thaw.proc;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

class CpuInfoTest {
  @Test
  void whatOnlyTheKernelUsesIsLeftOut() {
    String text =
        """
        processor\t: 0
        vendor_id\t: GenuineIntel
        flags\t\t: fpu vme sse sse2 ht rep_good nopl pni avx2 smep smap avx512f md_clear
        vmx flags\t: vnmi
        bugs\t\t: spectre_v1

        processor\t: 1
        flags\t\t: sse amx_tile
        """;
    assertEquals(List.of("avx2", "avx512f", "pni", "sse", "sse2"), CpuInfo.instructions(text));
  }

  @Test
  void aTextWithoutFlagsHasNone() {
    assertEquals(List.of(), CpuInfo.instructions("processor\t: 0\n"));
  }
}
