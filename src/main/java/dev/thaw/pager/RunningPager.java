package dev.thaw.pager;

import dev.thaw.image.stats.TreeStats;
import dev.thaw.linux.Fd;
import dev.thaw.linux.Open;
import java.io.FileInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;

/** The pager of a running tree, seen from outside through the descriptors of its thaw-init. */
public final class RunningPager {
  private static final String INIT_NAME = "thaw-init";
  private static final String KEEPER_NAME = "thaw-keeper";
  private static final String PAGER_NAME = "thaw-pager";

  /** Who holds the descriptors of a tree: each of them may be the last one left. */
  private static final Set<String> HOLDERS = Set.of(INIT_NAME, KEEPER_NAME, PAGER_NAME);

  private static final String SESSION_MEMFD = "/memfd:thaw-session ";
  private static final String TOUCHES_MEMFD = "/memfd:thaw-touches ";
  private static final String PAGES_MEMFD = "/memfd:thaw-pages ";

  /** Fifteen bytes and a line feed are all of a name. */
  private static final int MAX_NAME_BYTES = 16;

  /** How often to look: who has been found may end before it is asked. */
  private static final int ATTEMPTS = 3;

  private final ProcessHandle init;
  private final SessionTable session;

  private RunningPager(ProcessHandle init, SessionTable session) {
    this.init = init;
    this.session = session;
  }

  /**
   * The pager behind {@code pid}, a process of a restored tree or thaw-init itself.
   *
   * @return empty where {@link #initOf} finds none
   */
  public static Optional<RunningPager> find(int pid) throws IOException {
    for (int attempt = 1; ; attempt++) {
      Optional<Integer> init = initOf(pid);
      if (init.isEmpty()) {
        return Optional.empty();
      }
      try {
        SessionTable session = session(init.get());
        return ProcessHandle.of(init.get()).map(handle -> new RunningPager(handle, session));
      } catch (IOException e) {
        if (attempt == ATTEMPTS || holdsSession(init.get())) {
          throw e;
        }
      }
    }
  }

  /** What it has done so far; its tables are still there when it is gone. */
  public TreeStats stats() {
    return StatsReader.read(session, (int) init.pid());
  }

  /** Whether its thaw-init lives. */
  public boolean isAlive() {
    return init.isAlive();
  }

  /**
   * The recording of the tree that {@code pid} belongs to; the caller closes it.
   *
   * @return empty where {@link #initOf} finds none
   */
  public static Optional<Recorder> recorder(int pid) throws IOException {
    Optional<RunningPager> pager = find(pid);
    return pager.isEmpty()
        ? Optional.empty()
        : Optional.of(
            new Recorder(
                descriptor((int) pager.get().init.pid(), TOUCHES_MEMFD), pager.get()::stats));
  }

  /** The tables of a thaw-init. */
  static SessionTable session(int init) throws IOException {
    try (Fd session = descriptor(init, SESSION_MEMFD);
        Fd pages = descriptor(init, PAGES_MEMFD)) {
      return new SessionTable(session, pages);
    }
  }

  /**
   * The nearest ancestor, {@code pid} included, that is a thaw-init; or else the thaw-keeper that
   * has taken the place of one, or a thaw-pager that is left alone: they are above none of the
   * tree, but their session names the processes. A thaw-init that is ending is still an ancestor
   * for a moment, and has no descriptors any more.
   */
  static Optional<Integer> initOf(int pid) throws IOException {
    Set<Integer> line = new LinkedHashSet<>();
    for (int at = pid; at > 1; at = parentOf(at)) {
      if (nameOf(at).equals(INIT_NAME) && holdsSession(at)) {
        return Optional.of(at);
      }
      line.add(at);
    }
    return heirOf(line);
  }

  /** Who serves one of these processes. A keeper that has not taken over yet counts. */
  private static Optional<Integer> heirOf(Set<Integer> line) throws IOException {
    try (DirectoryStream<Path> all = Files.newDirectoryStream(Path.of("/proc"), "[1-9]*")) {
      for (Path entry : all) {
        int candidate = Integer.parseInt(entry.getFileName().toString());
        try {
          String name = quickNameOf(candidate);
          if (HOLDERS.contains(name) && serves(candidate, line)) {
            return Optional.of(candidate);
          }
        } catch (IOException e) {
          // it has ended meanwhile, or is a zombie, or somebody else's
        }
      }
    }
    return Optional.empty();
  }

  private static boolean serves(int init, Set<Integer> line) throws IOException {
    SessionTable session = session(init);
    for (int space = 0; space < session.spaceCount(); space++) {
      if (session.ref(space, Tables.REF_STATE) == Tables.STATE_READY
          && line.contains(session.ref(space, Tables.REF_PID))) {
        return true;
      }
    }
    return false;
  }

  private static String nameOf(int pid) throws IOException {
    return Files.readString(Path.of("/proc/" + pid + "/comm")).strip();
  }

  /** By the shortest way: for every process there is. */
  private static String quickNameOf(int pid) throws IOException {
    try (FileInputStream comm = new FileInputStream("/proc/" + pid + "/comm")) {
      byte[] name = new byte[MAX_NAME_BYTES];
      int length = comm.read(name);
      return new String(name, 0, Math.max(0, length), StandardCharsets.ISO_8859_1).strip();
    }
  }

  /** The fourth field of /proc/PID/stat; the second, a name in parentheses, may hold anything. */
  private static int parentOf(int pid) throws IOException {
    String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
    return Integer.parseInt(fields[1]);
  }

  private static boolean holdsSession(int init) throws IOException {
    return pathOf(init, SESSION_MEMFD).isPresent();
  }

  private static Fd descriptor(int pid, String link) throws IOException {
    Path path =
        pathOf(pid, link)
            .orElseThrow(
                () ->
                    new IOException(
                        "thaw-init (pid " + pid + ") holds no" + link.replace("/memfd:", " ")));
    return Open.open(path.toString(), Open.O_RDWR);
  }

  private static Optional<Path> pathOf(int pid, String link) throws IOException {
    try (DirectoryStream<Path> entries =
        Files.newDirectoryStream(Path.of("/proc/" + pid + "/fd"))) {
      for (Path entry : entries) {
        if (linkOf(entry).startsWith(link)) {
          return Optional.of(entry);
        }
      }
    } catch (NoSuchFileException e) {
      return Optional.empty(); // it has ended
    } catch (DirectoryIteratorException e) {
      if (Files.exists(Path.of("/proc/" + pid))) {
        throw e.getCause();
      }
    }
    return Optional.empty();
  }

  /** What the entry points to; empty if it has been closed meanwhile. */
  private static String linkOf(Path entry) throws IOException {
    try {
      return Files.readSymbolicLink(entry).toString();
    } catch (NoSuchFileException e) {
      return "";
    }
  }
}
