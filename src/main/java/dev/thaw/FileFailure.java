package dev.thaw;

import dev.thaw.ThawException.Kind;
import dev.thaw.linux.Errno;
import dev.thaw.linux.SyscallException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What the JDK's exceptions about files mean: they tell the path, and the errno by halves. */
final class FileFailure {
  private static final Pattern OF_PROCESS = Pattern.compile("/proc/(\\d+)/.*");

  private FileFailure() {}

  /** The failure in one line: the file, the errno, the way out; or the thrower's own words. */
  static ThawException explained(FileSystemException e) {
    Errno errno = errno(e);
    Matcher process = OF_PROCESS.matcher(e.getFile() == null ? "" : e.getFile());
    if (errno == Errno.ENOENT && process.matches() && gone(process.group(1))) {
      return new ThawException(Kind.GONE, "pid " + process.group(1) + ": has ended meanwhile", e);
    }
    if (errno == Errno.OTHER) {
      return new ThawException(ownWords(e) ? Kind.REFUSED : Kind.FAILED, e.getMessage(), e);
    }
    String pid = process.matches() ? "pid " + process.group(1) + ": " : "";
    String files = pid + e.getFile() + (e.getOtherFile() == null ? "" : " -> " + e.getOtherFile());
    boolean refused = errno == Errno.EPERM || errno == Errno.EACCES;
    return new ThawException(
        refused ? Kind.NOT_ALLOWED : Kind.FAILED,
        files + ": " + SyscallException.describe(errno.code()) + wayOut(errno),
        e);
  }

  /** The JDK gives its subclasses no reason: we have refused something that we found. */
  private static boolean ownWords(FileSystemException e) {
    return e.getReason() != null && e.getClass() != FileSystemException.class;
  }

  private static boolean gone(String pid) {
    return !Files.exists(Path.of("/proc/" + pid));
  }

  private static Errno errno(FileSystemException e) {
    if (e.getReason() != null) {
      return Errno.ofText(e.getReason());
    }
    if (e instanceof NoSuchFileException) {
      return Errno.ENOENT;
    }
    if (e instanceof AccessDeniedException) {
      return Errno.EACCES;
    }
    return e instanceof FileAlreadyExistsException ? Errno.EEXIST : Errno.OTHER;
  }

  /** What to do about it, or nothing. */
  static String wayOut(Errno errno) {
    return switch (errno) {
      case ENOSPC, EDQUOT -> "; make room there, or choose another directory";
      case EROFS -> "; choose a directory that can be written";
      case EPERM, EACCES -> "; run as root, or as the user who may";
      case EMFILE -> "; raise the limit (ulimit -n)";
      case ENFILE -> "; raise fs.file-max";
      default -> "";
    };
  }
}
