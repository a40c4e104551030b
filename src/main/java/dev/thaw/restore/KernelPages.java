package dev.thaw.restore;

import dev.thaw.image.Manifest.Machine;
import dev.thaw.image.ProcessImage;
import dev.thaw.image.Vma;
import dev.thaw.linux.ProcessVm;
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
import java.util.concurrent.atomic.AtomicReference;

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
    String text = Files.readString(Path.of("/proc/" + pid + "/maps"), StandardCharsets.ISO_8859_1);
    List<Mapping> found = new ArrayList<>();
    text.lines()
        .filter(line -> line.endsWith("[vdso]") || line.contains("[vvar"))
        .forEach(line -> found.add(mapping(line)));
    return found;
  }

  /** {@code 7ffd1000-7ffd3000 r-xp 00000000 00:00 0 [vdso]}. */
  private static Mapping mapping(String line) {
    String[] fields = line.split("[- ]+");
    long start = Long.parseUnsignedLong(fields[0], 16);
    long end = Long.parseUnsignedLong(fields[1], 16);
    return new Mapping(fields[fields.length - 1], start, end - start);
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

  /** The kernel's pages in this process; they are the same while it lives. */
  private record Here(List<Mapping> mappings, String digest) {
    private static final AtomicReference<Here> KNOWN = new AtomicReference<>();

    /** Looks once; who comes meanwhile waits. */
    static synchronized Here get() throws IOException {
      Here known = KNOWN.get();
      if (known == null) {
        int pid = (int) ProcessHandle.current().pid();
        String digest = "";
        List<Mapping> mappings = of(pid);
        for (Mapping mapping : mappings) {
          if (mapping.name().equals("[vdso]")) {
            digest = sha256(ProcessVm.read(pid, mapping.start(), (int) mapping.bytes()));
          }
        }
        known = new Here(mappings, digest);
        KNOWN.set(known);
      }
      return known;
    }
  }

  /** Has them looked at before {@link #requireSame} needs it. */
  static void lookAhead() throws IOException {
    Here.get();
  }

  /** Refuses a checkpoint of another vDSO. */
  static void requireSame(Machine machine, List<ProcessImage> processes) throws IOException {
    requireSame(machine, processes, Here.get().mappings(), Here.get().digest());
  }

  /**
   * Compares with those of any kernel.
   *
   * @param digest SHA-256 of its vDSO, hex
   */
  static void requireSame(
      Machine machine, List<ProcessImage> processes, List<Mapping> here, String digest)
      throws RestoreException {
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
      throw new RestoreRefusedException(
          "the vDSO of this kernel is not that of the dump ("
              + machine.kernel()
              + "); restore on that kernel");
    }
  }

  private static void requireSize(int pid, Vma vma, String name, List<Mapping> here)
      throws RestoreRefusedException {
    if (here.stream().noneMatch(m -> m.name().equals(name) && m.bytes() == vma.bytes())) {
      throw new RestoreRefusedException(
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
