package dev.thaw.image;

import java.util.List;

/**
 * One virtual memory area, as /proc/PID/smaps shows it.
 *
 * @param end exclusive
 * @param prot {@code PROT_READ 1 | PROT_WRITE 2 | PROT_EXEC 4}
 * @param flags the two-letter VmFlags that a restore must bring back with madvise(2) or mlock(2)
 */
public record Vma(Addr start, Addr end, int prot, List<String> flags, Backing backing) {
  private static final long PAGE = 4096;

  /** Validates. */
  public Vma {
    flags = List.copyOf(flags);
    if (start.compareTo(end) >= 0) {
      throw new IllegalArgumentException("empty vma " + start + "-" + end);
    }
    if (start.value() % PAGE != 0 || end.value() % PAGE != 0 || prot < 0 || prot > 7) {
      throw new IllegalArgumentException("vma " + start + "-" + end + " prot " + prot);
    }
    if (!(backing instanceof Backing.Vsyscall) && (end.value() < 0 || end.value() > 1L << 56)) {
      throw new IllegalArgumentException("vma " + start + "-" + end + " beyond user space");
    }
  }

  /** Length in bytes. */
  public long bytes() {
    return end.value() - start.value();
  }

  /** Number of 4 KiB pages. */
  public long pages() {
    return bytes() / PAGE;
  }

  /** Whether smaps showed the two-letter flag. */
  public boolean has(String flag) {
    return flags.contains(flag);
  }

  /** Where the bytes of a VMA come from. A closed set; {@link BackingKind} has the names. */
  public sealed interface Backing {
    /** Whether pages of this VMA may be in the process's own pagemap. */
    boolean paged();

    /** What a person calls it. */
    String describe();

    /** MAP_PRIVATE. */
    default boolean privateMapping() {
      return true;
    }

    /**
     * Private anonymous memory.
     *
     * @param growsDown a stack: MAP_GROWSDOWN
     * @param droppable MAP_DROPPABLE: the kernel may drop it, its content is not kept
     */
    record Anonymous(boolean growsDown, boolean droppable) implements Backing {
      @Override
      public boolean paged() {
        return !droppable;
      }

      @Override
      public String describe() {
        return growsDown ? "stack" : droppable ? "droppable anonymous memory" : "anonymous memory";
      }
    }

    /**
     * Shared anonymous memory, a memfd, or an unlinked file of a tmpfs: one {@link SharedMemory}.
     *
     * @param object its id
     * @param offsetBytes of {@code start} in it
     * @param privately MAP_PRIVATE; its changed pages are in the process's pagemap
     */
    record Shared(int object, long offsetBytes, boolean privately) implements Backing {
      /** Validates. */
      public Shared {
        requireOffset(offsetBytes);
      }

      @Override
      public boolean paged() {
        return privately;
      }

      @Override
      public String describe() {
        return "shared memory " + object;
      }

      @Override
      public boolean privateMapping() {
        return privately;
      }
    }

    /** A System V segment. The kernel's own object is made again; shmat(2) maps it. */
    record SysV(int object, long offsetBytes) implements Backing {
      /** Validates. */
      public SysV {
        requireOffset(offsetBytes);
      }

      @Override
      public boolean paged() {
        return false;
      }

      @Override
      public String describe() {
        return "System V segment " + object;
      }

      @Override
      public boolean privateMapping() {
        return false;
      }
    }

    /**
     * Memory of huge pages (hugetlb).
     *
     * @param object the {@link SharedMemory} that it maps, or 0: private anonymous memory
     * @param offsetBytes of {@code start} in it
     * @param privately MAP_PRIVATE; its pages that are not the object's are in the process's
     *     pagemap
     * @param pageBytes of one huge page
     */
    record Huge(int object, long offsetBytes, boolean privately, long pageBytes)
        implements Backing {
      /** Validates. */
      public Huge {
        requireOffset(offsetBytes);
        SharedMemory.requireHugePage(pageBytes);
        if (object < 0 || object == 0 && !privately) {
          throw new IllegalArgumentException("huge pages of object " + object);
        }
      }

      @Override
      public boolean paged() {
        return privately;
      }

      @Override
      public String describe() {
        String size = " (huge pages of " + pageBytes / 1024 + " kB)";
        return (anonymous() ? "anonymous memory" : "shared memory " + object) + size;
      }

      @Override
      public boolean privateMapping() {
        return privately;
      }

      /** Whether it is private anonymous memory. */
      public boolean anonymous() {
        return object == 0;
      }
    }

    /**
     * A file of a file system.
     *
     * @param file what must be there again
     * @param privately MAP_PRIVATE; its changed pages are in the process's pagemap
     * @param writable the file was open for writing when it was mapped shared (VmFlags mw)
     */
    record MappedFile(FileIdentity file, long offsetBytes, boolean privately, boolean writable)
        implements Backing {
      /** Validates. */
      public MappedFile {
        requireOffset(offsetBytes);
      }

      @Override
      public boolean paged() {
        return privately;
      }

      @Override
      public String describe() {
        return file.path();
      }

      @Override
      public boolean privateMapping() {
        return privately;
      }
    }

    /** /dev/zero mapped privately, or another device without content of its own. */
    record CharDevice(String path, long offsetBytes, boolean privately) implements Backing {
      /** Validates. */
      public CharDevice {
        requireOffset(offsetBytes);
        if (!path.startsWith("/") || path.indexOf('\0') >= 0) {
          throw new IllegalArgumentException("device " + path);
        }
      }

      @Override
      public boolean paged() {
        return privately;
      }

      @Override
      public String describe() {
        return path;
      }

      @Override
      public boolean privateMapping() {
        return privately;
      }
    }

    /**
     * The kernel's own pages for user space.
     *
     * @param name {@code [vdso]}, {@code [vvar]} or {@code [vvar_vclock]}
     */
    record Vdso(String name) implements Backing {
      @Override
      public boolean paged() {
        return false;
      }

      @Override
      public String describe() {
        return name;
      }
    }

    /** {@code [vsyscall]}: the same in every process; nothing to do. */
    record Vsyscall() implements Backing {
      @Override
      public boolean paged() {
        return false;
      }

      @Override
      public String describe() {
        return "[vsyscall]";
      }
    }

    private static void requireOffset(long offsetBytes) {
      if (offsetBytes < 0 || offsetBytes % PAGE != 0) {
        throw new IllegalArgumentException("offset " + offsetBytes);
      }
    }
  }
}
