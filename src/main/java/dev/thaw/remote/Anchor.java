package dev.thaw.remote;

import dev.thaw.linux.ProcessVm;
import dev.thaw.linux.SyscallException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.LongBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A few hundred bytes in the padding of an executable mapping of a target: they make the first and
 * the last calls, and bring the target back by themselves when the driver dies
 * (native/blob/anchor.S tells how). After {@link #remove} every byte is what it was.
 */
final class Anchor {
  /** Zeros right before the site, so that it does not touch the end of something that is used. */
  private static final int MARGIN = 64;

  /** Anchors begin at multiples of this. */
  static final int SLOT_BYTES = 512;

  private static final long AT_SYSINFO_EHDR = 33;
  private static final int ELF_MAGIC = 0x464c457f;
  private static final long LARGEST_VDSO_BYTES = 64 << 10;

  private final int pid;
  private final long address;

  private Anchor(int pid, long address) {
    this.pid = pid;
    this.address = address;
  }

  /** The address of {@code syscall}; what follows takes the target back. */
  long callAddress() {
    return address;
  }

  /** Where the blob leaves to. */
  long leaveAddress() {
    return address + BlobLayout.ANCHOR_LEAVE;
  }

  boolean contains(long rip) {
    return rip >= address && rip < address + BlobLayout.ANCHOR_BYTES;
  }

  /**
   * Writes an anchor that knows how to bring the thread back to {@code saved}.
   *
   * @param mask the signals that are blocked afterwards
   */
  static Anchor install(Tracee thread, Registers saved, long mask) throws RemoteException {
    int pid = thread.tid();
    Anchor anchor = new Anchor(pid, findSite(pid));
    ByteBuffer image = ByteBuffer.wrap(Blob.load().anchorCode()).order(ByteOrder.LITTLE_ENDIAN);
    image.putLong(BlobLayout.ANCHOR_MASK, mask);
    putRegisters(image, BlobLayout.ANCHOR_REGS, saved.restarted());
    putRegisters(image, BlobLayout.ANCHOR_REGS_EINTR, saved.interruptedByHandler());
    anchor.write(image.array());
    return anchor;
  }

  /** Puts the zeros back. */
  void remove() throws RemoteException {
    write(new byte[BlobLayout.ANCHOR_BYTES]);
  }

  private void write(byte[] bytes) throws RemoteException {
    try {
      ProcessVm.writeForced(pid, address, bytes);
    } catch (IOException e) {
      throw new RemoteException(
          pid, String.format("writing /proc/%d/mem at %#x: %s", pid, address, e.getMessage()), e);
    }
  }

  /** In the order in which the anchor pops them. */
  private static void putRegisters(ByteBuffer image, int offset, Registers registers) {
    Reg[] order = {
      Reg.R15,
      Reg.R14,
      Reg.R13,
      Reg.R12,
      Reg.RBP,
      Reg.RBX,
      Reg.R11,
      Reg.R10,
      Reg.R9,
      Reg.R8,
      Reg.RAX,
      Reg.RCX,
      Reg.RDX,
      Reg.RSI,
      Reg.RDI,
      Reg.EFLAGS,
      Reg.RSP,
      Reg.RIP
    };
    for (int i = 0; i < order.length; i++) {
      image.putLong(offset + 8 * i, registers.get(order[i]));
    }
  }

  /**
   * The vdso's tail as a rule: every process has a vdso, no program reads behind its end, and no
   * file's page is copied. Else the tail of a program's or library's code segment.
   */
  private static long findSite(int pid) throws RemoteException {
    try {
      long[] vdso = vdso(pid);
      long site = vdso == null ? 0 : siteIn(pid, vdso, false);
      if (site != 0) {
        return site;
      }
      List<long[]> mappings = executableMappings(pid);
      for (boolean reuse : new boolean[] {false, true}) {
        for (long[] mapping : mappings) {
          site = siteIn(pid, mapping, reuse);
          if (site != 0) {
            return site;
          }
        }
      }
    } catch (IOException e) {
      throw new RemoteException(pid, "looking for room for the anchor: " + e.getMessage(), e);
    }
    throw new RemoteException(
        pid, "no executable mapping ends in " + (SLOT_BYTES + MARGIN) + " unused bytes");
  }

  /**
   * {start, end} of the vdso without reading all of maps, or null. The ELF section headers are the
   * last thing in it.
   */
  private static long[] vdso(int pid) throws IOException {
    LongBuffer auxv =
        ByteBuffer.wrap(Files.readAllBytes(Path.of("/proc/" + pid + "/auxv")))
            .order(ByteOrder.LITTLE_ENDIAN)
            .asLongBuffer();
    while (auxv.remaining() >= 2) {
      long type = auxv.get();
      long start = auxv.get();
      if (type == AT_SYSINFO_EHDR) {
        try {
          ByteBuffer head =
              ByteBuffer.wrap(ProcessVm.read(pid, start, 64)).order(ByteOrder.LITTLE_ENDIAN);
          long used = head.getLong(40) + (long) head.getShort(58) * head.getShort(60);
          boolean plausible = head.getInt(0) == ELF_MAGIC && used > 0 && used < LARGEST_VDSO_BYTES;
          long bytes = (used + Area.PAGE - 1) & -Area.PAGE;
          if (!plausible) {
            return null;
          }
          ProcessVm.read(pid, start, (int) bytes);
          return new long[] {start, start + bytes};
        } catch (SyscallException e) {
          return null; // the process moved or unmapped it
        }
      }
    }
    return null;
  }

  /** {start, end} of private r-x mappings, the vdso first; files only where padding is certain. */
  private static List<long[]> executableMappings(int pid) throws IOException {
    List<long[]> found = new ArrayList<>();
    for (String line : Files.readAllLines(Path.of("/proc/" + pid + "/maps"))) {
      String[] fields = line.split(" +", 6);
      String[] range = fields[0].split("-");
      if (!fields[1].equals("r-xp") || fields.length < 6) {
        continue;
      }
      long start = Long.parseUnsignedLong(range[0], 16);
      long end = Long.parseUnsignedLong(range[1], 16);
      if (fields[5].equals("[vdso]")) {
        found.add(0, new long[] {start, end});
      } else if (fields[5].startsWith("/")) {
        long segmentEnd = start + segmentBytes(pid, start, end, Long.parseLong(fields[2], 16));
        if (segmentEnd > start && end - segmentEnd >= SLOT_BYTES + MARGIN) {
          found.add(new long[] {segmentEnd, end});
        }
      }
    }
    return found;
  }

  /**
   * How far the ELF segment mapped from {@code fileOffset} on reaches; 0 where it can not be told.
   */
  private static long segmentBytes(int pid, long start, long end, long fileOffset) {
    // Without the leading zeros that maps has: map_files in fs/proc/base.c.
    Path file = Path.of(String.format("/proc/%d/map_files/%x-%x", pid, start, end));
    try (var channel = Files.newByteChannel(file)) {
      ByteBuffer head = ByteBuffer.allocate(4096).order(ByteOrder.LITTLE_ENDIAN);
      channel.read(head);
      if (head.position() < 64 || head.getInt(0) != ELF_MAGIC) {
        return 0;
      }
      int at = (int) head.getLong(32);
      int count = Short.toUnsignedInt(head.getShort(56));
      for (int i = 0; i < count && at + 56 <= head.position(); i++, at += 56) {
        long offset = head.getLong(at + 8);
        if (head.getInt(at) == 1 && (offset & -4096L) == fileOffset) {
          return offset - fileOffset + head.getLong(at + 32);
        }
      }
      return 0;
    } catch (IOException e) {
      return 0; // not readable: no site there
    }
  }

  /**
   * The highest free slot at the end of the mapping, or 0.
   *
   * @param reuse one that a dead driver left behind instead
   */
  private static long siteIn(int pid, long[] mapping, boolean reuse) throws SyscallException {
    int length = (int) Math.min(mapping[1] - mapping[0], 8 * SLOT_BYTES);
    byte[] tail = ProcessVm.read(pid, mapping[1] - length, length);
    for (int at = length - SLOT_BYTES; at >= MARGIN; at -= SLOT_BYTES) {
      boolean ours = holdsAnchor(tail, at);
      if (reuse ? ours : isFree(tail, at)) {
        return mapping[1] - length + at;
      }
      if (!ours && !isFree(tail, at)) {
        return 0;
      }
    }
    return 0;
  }

  private static boolean isFree(byte[] bytes, int at) {
    boolean clear = allZero(bytes, at - MARGIN, at);
    boolean neighbour = at >= SLOT_BYTES && holdsAnchor(bytes, at - SLOT_BYTES);
    return (clear || neighbour) && allZero(bytes, at, at + SLOT_BYTES);
  }

  /** Whether an anchor begins at {@code bytes[at]}; they begin at multiples of 512. */
  static boolean holdsAnchor(byte[] bytes, int at) {
    byte[] code = Blob.load().anchorCode();
    int length = BlobLayout.ANCHOR_MASK;
    return at + length <= bytes.length && Arrays.equals(bytes, at, at + length, code, 0, length);
  }

  private static boolean allZero(byte[] bytes, int from, int to) {
    for (int i = from; i < to; i++) {
      if (bytes[i] != 0) {
        return false;
      }
    }
    return true;
  }
}
