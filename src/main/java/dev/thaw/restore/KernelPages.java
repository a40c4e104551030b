package dev.thaw.restore;

import dev.thaw.image.Manifest.Machine;
import dev.thaw.image.ProcessImage;
import dev.thaw.image.Vma;
import dev.thaw.linux.ProcessVm;
import dev.thaw.proc.Smaps;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The vDSO and its data pages in a fresh process: the running kernel's own, which must be those of
 * the image, since the program may stand in the middle of them.
 */
final class KernelPages {
  /** Bytes put aside for them beside the blob's area. */
  static final long ASIDE_BYTES = 1 << 16;

  private KernelPages() {}

  /** One of their mappings. */
  record Mapping(String name, long start, long bytes) {}

  /** The mappings in process {@code pid}. */
  static List<Mapping> of(int pid) throws IOException {
    String text = Files.readString(Path.of("/proc/" + pid + "/smaps"), StandardCharsets.ISO_8859_1);
    List<Mapping> found = new ArrayList<>();
    for (Smaps.Entry entry : Smaps.parse(text)) {
      if (entry.path().equals("[vdso]") || entry.path().startsWith("[vvar")) {
        found.add(new Mapping(entry.path(), entry.start(), entry.end() - entry.start()));
      }
    }
    return found;
  }

  /** Where each waits, from {@code base} on. */
  static Map<String, Long> aside(List<Mapping> mappings, long base) {
    Map<String, Long> aside = new TreeMap<>();
    long at = base;
    for (Mapping mapping : mappings) {
      aside.put(mapping.name(), at);
      at += mapping.bytes();
    }
    if (at > base + ASIDE_BYTES) {
      throw new IllegalStateException("the kernel's pages take " + (at - base) + " bytes");
    }
    return aside;
  }

  /** Refuses a checkpoint of another vDSO. */
  static void requireSame(Machine machine, List<ProcessImage> processes, int pid)
      throws IOException {
    List<Mapping> here = of(pid);
    String digest = "";
    for (Mapping mapping : here) {
      if (mapping.name().equals("[vdso]")) {
        digest = sha256(ProcessVm.read(pid, mapping.start(), (int) mapping.bytes()));
      }
    }
    boolean needed = false;
    for (ProcessImage process : processes) {
      for (Vma vma : process.mm().vmas()) {
        if (vma.backing() instanceof Vma.Backing.Vdso vdso) {
          needed = true;
          requireSize(process.pid(), vma, vdso.name(), here);
        }
      }
    }
    if (needed && !digest.equals(machine.vdsoDigest())) {
      throw new RestoreException(
          "the vDSO of this kernel is not that of the dump ("
              + machine.kernel()
              + "); restore on that kernel");
    }
  }

  private static void requireSize(int pid, Vma vma, String name, List<Mapping> here)
      throws RestoreException {
    if (here.stream().noneMatch(m -> m.name().equals(name) && m.bytes() == vma.bytes())) {
      throw new RestoreException(
          "pid " + pid + ": " + name + " of " + vma.bytes() + " bytes: this kernel has none such");
    }
  }

  private static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
