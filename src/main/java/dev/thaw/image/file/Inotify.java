package dev.thaw.image.file;

import dev.thaw.image.OpenFile;
import java.util.List;

/**
 * An inotify instance.
 *
 * @param watches ascending by {@code descriptor}
 */
public record Inotify(int id, int flags, List<Watch> watches) implements OpenFile {
  /** Watch descriptors are reached by making and removing watches: keep that bounded. */
  public static final int MAX_DESCRIPTOR = 1 << 14;

  /**
   * One watch.
   *
   * @param descriptor what inotify_add_watch(2) returned
   * @param path absolute
   * @param mask IN_*, unsigned 32 bits
   */
  public record Watch(int descriptor, String path, long mask) {
    /** Validates. */
    public Watch {
      if (!path.startsWith("/") || path.indexOf('\0') >= 0) {
        throw new IllegalArgumentException("watch of " + path);
      }
      if (descriptor < 1 || descriptor > MAX_DESCRIPTOR || mask < 0 || mask > 0xffffffffL) {
        throw new IllegalArgumentException("watch descriptor " + descriptor);
      }
    }
  }

  /** Validates. */
  public Inotify {
    watches = List.copyOf(watches);
    for (int i = 1; i < watches.size(); i++) {
      if (watches.get(i).descriptor() <= watches.get(i - 1).descriptor()) {
        throw new IllegalArgumentException("watches not ascending");
      }
    }
  }

  @Override
  public String describe() {
    return "inotify";
  }
}
