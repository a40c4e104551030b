package dev.thaw.proc;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * {@code /proc/cpuinfo}: the instructions that a program may find by CPUID and then rely on.
 *
 * <p>Many of the kernel's words there mean something else: what the kernel does about the CPU, what
 * only the kernel can use, how fast it is. They change with the kernel, and are left out.
 */
public final class CpuInfo {
  private static final Set<String> INSTRUCTIONS =
      Set.of(
          ("cmov cx8 cx16 fxsr mmx sse sse2 pni ssse3 sse4_1 sse4_2 sse4a misalignsse popcnt lahf_lm"
                  + " 3dnow 3dnowext mmxext 3dnowprefetch rdtscp clflush clflushopt clwb clzero"
                  + " cldemote movbe movdiri movdir64b abm bmi1 bmi2 tbm adx lwp xop fma fma4 f16c"
                  + " aes vaes pclmulqdq vpclmulqdq gfni sha_ni sha512 sm3 sm4 rdrand rdseed rdpid"
                  + " fsgsbase xsave xsaveopt xsavec xgetbv1 avx avx2 avx_vnni avx_ifma"
                  + " avx_vnni_int8 avx_ne_convert avx512f avx512dq avx512_ifma avx512pf avx512er"
                  + " avx512cd avx512bw avx512vl avx512vbmi avx512_vbmi2 avx512_vnni avx512_bitalg"
                  + " avx512_vpopcntdq avx512_4vnniw avx512_4fmaps avx512_vp2intersect avx512_bf16"
                  + " avx512_fp16 amx_tile amx_int8 amx_bf16 amx_fp16 amx_complex hle rtm mpx ospke"
                  + " waitpkg monitorx serialize tsxldtrk cmpccxadd user_shstk")
              .split(" "));

  private CpuInfo() {}

  /**
   * The instruction sets of the first CPU, by their names in {@code text}, in alphabetical order.
   *
   * @param text of /proc/cpuinfo, or as much of it as describes one CPU
   */
  public static List<String> instructions(String text) {
    TreeSet<String> found = new TreeSet<>();
    text.lines()
        .filter(line -> line.startsWith("flags\t"))
        .findFirst()
        .ifPresent(line -> found.addAll(List.of(line.substring(line.indexOf(':') + 1).split(" "))));
    found.retainAll(INSTRUCTIONS);
    return List.copyOf(found);
  }
}
