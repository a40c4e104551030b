package dev.thaw.dump.fd;

import dev.thaw.dump.ProcDir;
import dev.thaw.image.FileLock;
import dev.thaw.image.FileLock.Kind;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Finds the locks that are held through an open file description, in the {@code lock:} lines of
 * fdinfo. Those of fcntl(2) show in the descriptors of their owner only: show_fd_locks() in
 * fs/locks.c.
 */
final class FileLocksDump {
  private static final Map<String, Kind> KINDS =
      Map.of("FLOCK", Kind.FLOCK, "POSIX", Kind.POSIX, "OFDLCK", Kind.OFD);

  /** {@code 1: POSIX ADVISORY WRITE 4711 fe:00:131 0 EOF}. */
  private static final Pattern LINE =
      Pattern.compile("\\d+: (\\w+)\\s+\\w+\\s+(\\w+) (-?\\d+) \\S+ (\\d+) (\\d+|EOF)");

  private FileLocksDump() {}

  static List<FileLock> of(OpenedFiles.Entry entry) throws IOException {
    List<FileLock> locks = new ArrayList<>();
    for (OpenedFiles.Holder holder : entry.holders()) {
      String lines = new ProcDir(holder.pid()).fdinfo(holder.number()).get("lock");
      for (String line : lines == null ? List.<String>of() : lines.lines().toList()) {
        FileLock lock = parse(entry.file(), holder.pid(), line);
        if (!locks.contains(lock)) {
          locks.add(lock);
        }
      }
    }
    return locks;
  }

  /** Whoever opens a leased file has the holder told, and waits: before anything opens files. */
  static void refuseLease(OpenedFile file) throws IOException {
    String lines = file.fdinfo().get("lock");
    if (lines != null && lines.contains(" LEASE ")) {
      throw file.unsupported(
          "it has a lease; give it up before the dump (F_SETLEASE, F_UNLCK): " + lines);
    }
  }

  /** Refuses locks of a file whose kind does not carry them. */
  static void refuse(OpenedFiles.Entry entry) throws IOException {
    for (int i = 0; i < entry.holders().size(); i++) {
      OpenedFiles.Holder holder = entry.holders().get(i);
      String lines =
          i == 0
              ? entry.file().fdinfo().get("lock")
              : new ProcDir(holder.pid()).fdinfo(holder.number()).get("lock");
      if (lines != null) {
        throw entry
            .file()
            .unsupported("locks on this kind of file are not supported yet; unlock it: " + lines);
      }
    }
  }

  private static FileLock parse(OpenedFile file, int holder, String line) throws IOException {
    Matcher m = LINE.matcher(line);
    if (!m.matches() || !KINDS.containsKey(m.group(1))) {
      throw file.unsupported(
          "this kind of lock is not supported yet; unlock it before the dump: " + line);
    }
    Kind kind = KINDS.get(m.group(1));
    long start = Long.parseLong(m.group(4));
    boolean toEnd = m.group(5).equals("EOF");
    return new FileLock(
        kind,
        kind == Kind.POSIX ? holder : 0,
        m.group(2).equals("WRITE"),
        start,
        toEnd ? 0 : Long.parseLong(m.group(5)) - start + 1);
  }
}
