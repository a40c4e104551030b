package dev.thaw.dump.fd;

import dev.thaw.dump.ProcDir;
import dev.thaw.dump.UnsupportedResourceException;
import dev.thaw.linux.Fd;
import dev.thaw.linux.PidFd;
import dev.thaw.linux.SyscallException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * One open file description of the target, seen through one of its descriptors.
 *
 * @param proc the process
 * @param number the descriptor
 * @param link what /proc/PID/fd/N points to
 * @param fdinfo /proc/PID/fdinfo/N; values of a repeated name are newline separated
 * @param stat {@code mode, ino, dev, rdev, size}: stat(2) through the magic link
 */
public record OpenedFile(
    ProcDir proc, int number, String link, Map<String, String> fdinfo, Map<String, Object> stat) {
  private static final int O_ACCMODE = 3;
  private static final int O_RDONLY = 0;
  private static final int O_WRONLY = 1;
  private static final int O_CLOEXEC = 02000000;

  /** Looks at descriptor {@code number} of {@code proc}. Changes nothing. */
  public static OpenedFile of(ProcDir proc, int number) throws IOException {
    return new OpenedFile(
        proc,
        number,
        proc.link("fd/" + number),
        proc.fdinfo(number),
        Files.readAttributes(proc.path("fd/" + number), "unix:mode,ino,dev,rdev,size,nlink"));
  }

  /** The status flags, without O_CLOEXEC (which is the descriptor's). */
  public int flags() {
    return rawFlags() & ~O_CLOEXEC;
  }

  /** FD_CLOEXEC of this descriptor. */
  public boolean closeOnExec() {
    return (rawFlags() & O_CLOEXEC) != 0;
  }

  private int rawFlags() {
    return Integer.parseUnsignedInt(fdinfo.get("flags"), 8);
  }

  /** Whether reads are possible: O_RDONLY or O_RDWR. */
  public boolean readable() {
    return (flags() & O_ACCMODE) != O_WRONLY;
  }

  /** Whether writes are possible: O_WRONLY or O_RDWR. */
  public boolean writable() {
    return (flags() & O_ACCMODE) != O_RDONLY;
  }

  /** A line of fdinfo that this kind always has. */
  public String info(String name) throws UnsupportedResourceException {
    String value = fdinfo.get(name);
    if (value == null) {
      throw unsupported("this kernel's fdinfo does not show '" + name + "'");
    }
    return value;
  }

  /** The file position. */
  public long position() {
    return Long.parseLong(fdinfo.get("pos"));
  }

  /** S_IFMT bits of the mode: e.g. 0100000 for a regular file. */
  public int type() {
    return (int) stat.get("mode") & 0170000;
  }

  /** The whole mode. */
  public int mode() {
    return (int) stat.get("mode");
  }

  /** The size. */
  public long sizeBytes() {
    return (long) stat.get("size");
  }

  /** How many names it has. */
  public int names() {
    return (int) stat.get("nlink");
  }

  /** Inode number. */
  public long inode() {
    return (long) stat.get("ino");
  }

  /** Device number of the file system. */
  public long device() {
    return (long) stat.get("dev");
  }

  /** Major number of a device node. */
  public int major() {
    long rdev = (long) stat.get("rdev");
    return (int) ((rdev >> 8) & 0xfff);
  }

  /** Minor number of a device node. */
  public int minor() {
    long rdev = (long) stat.get("rdev");
    return (int) ((rdev & 0xff) | ((rdev >> 12) & 0xfff00));
  }

  /** A descriptor of our own for the same open file description. Leaves the target alone. */
  public Fd take() throws SyscallException {
    try (PidFd process = PidFd.open(proc.pid())) {
      return process.take(number);
    }
  }

  /** The magic link, through which another process opens the same file anew. */
  public Path magicLink() {
    return proc.path("fd/" + number);
  }

  /** Whether the file has no name any more. */
  public boolean deleted() {
    return link.endsWith(" (deleted)");
  }

  /** A refusal that names this descriptor. */
  public UnsupportedResourceException unsupported(String reason) {
    return new UnsupportedResourceException(proc.pid(), "fd " + number + " (" + link + ")", reason);
  }
}
