package dev.thaw.pager;

import dev.thaw.linux.Fd;
import dev.thaw.linux.PidFd;
import dev.thaw.linux.SyscallException;
import dev.thaw.linux.UnixSocket;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;

/**
 * The connection to thaw-init, the parent of the restored tree: {@code native/include/
 * thaw_init_proto.h}. Thread safe; a request waits for its answer.
 */
public final class InitConnection implements AutoCloseable {
  static final int VERSION = 4;
  static final int HEADER_BYTES = 56;
  static final int MAX_PAYLOAD_BYTES = 65536;
  private static final int HELLO = 1;
  private static final int SPAWN = 2;
  private static final int ADD_BACKING = 3;
  private static final int ADD_SPACE = 4;
  private static final int START = 5;
  private static final int RUNNING = 6;
  private static final int GET_FD = 7;
  private static final int REAPED = 8;
  private static final int ROOT = 9;
  private static final int HOLD = 10;
  private static final int DROP = 11;
  private static final int ALLOCATE = 12;
  static final int RANGE_BYTES = 16;
  static final int NUMBER_AT = 48;

  /** What may be done twice: asked again where thaw-init was killed and thaw-keeper goes on. */
  private static final Set<Integer> REPEATABLE = Set.of(HELLO, GET_FD, REAPED, ALLOCATE);

  private static final int REPEAT_MILLIS = 200;

  private final UnixSocket socket;
  private final boolean parent;

  /** Of thaw-init, since the first hello. */
  private volatile PidFd self;

  private long requests;

  /** Pages of a backing's memfd. */
  record PageRange(int backing, long firstPage, int pageCount) {}

  /** An answer: its words, and descriptors that the caller owns. */
  record Reply(long[] args, List<Fd> fds) {}

  /** Takes ownership of the socket, whose other end a thaw-init has that others have started. */
  public InitConnection(UnixSocket socket) {
    this(socket, false);
  }

  private InitConnection(UnixSocket socket, boolean parent) {
    this.socket = socket;
    this.parent = parent;
  }

  /** The connection that thaw-init gave this process: the descriptor in THAW_INIT_FD. */
  public static InitConnection inherited() {
    String number = System.getenv("THAW_INIT_FD");
    if (number == null) {
      throw new IllegalStateException("THAW_INIT_FD is not set: not started by thaw-init");
    }
    return new InitConnection(new UnixSocket(Integer.parseInt(number)), true);
  }

  /**
   * Makes a task with that pid. It is in the context of whoever started the restore.
   *
   * @param pid 0 for any
   * @throws SyscallException with EEXIST where the pid is taken, be it by a zombie
   */
  public SpawnedTask spawn(int pid, SpawnedTask.Image image) throws IOException {
    String what =
        String.format("clone3(set_tid=%d, area %#x+%#x)", pid, image.address(), image.bytes());
    Reply reply =
        request(
            what,
            SPAWN,
            List.of(),
            image.start(),
            pid,
            image.address(),
            image.bytes(),
            image.descriptor());
    try (PidFd pidfd = PidFd.of(reply.fds().get(0))) {
      return new SpawnedTask(pidfd.pid(), (int) reply.args()[0], reply.fds().get(1));
    }
  }

  /**
   * Tells the launcher which process gets its signals from here on. Comes before anything by which
   * others can know that the tree runs.
   *
   * @param hostPid the tree's root, as the launcher sees it
   */
  public void root(int hostPid) throws IOException {
    request("root(" + hostPid + ")", ROOT, List.of(), hostPid);
  }

  /**
   * The tree runs. From here on the death of this JVM is not the death of the tree: thaw-init
   * starts {@code refill} if pages are still missing, which then calls {@link PagerSession#resume}.
   *
   * @param rootPid as thaw-init sees it
   * @param hostPid the same process, as the launcher sees it
   * @param refill command and arguments; the command is a path
   */
  public void running(int rootPid, int hostPid, List<String> refill) throws IOException {
    StringBuilder words = new StringBuilder();
    for (String word : refill) {
      words.append(word).append('\0');
    }
    byte[] payload = words.toString().getBytes(StandardCharsets.UTF_8);
    if (payload.length > MAX_PAYLOAD_BYTES) {
      throw new IllegalArgumentException("refill command of " + payload.length + " bytes");
    }
    request("running(" + rootPid + ")", RUNNING, List.of(), payload, rootPid, hostPid);
  }

  /**
   * Whether thaw-init has reaped {@code pid} lately, and how it ended.
   *
   * @return the status as of wait(2), or -1 if it has not
   */
  public int reapedStatus(int pid) throws IOException {
    Reply reply = request("reaped(" + pid + ")", REAPED, List.of(), pid);
    return reply.args()[0] == 1 ? (int) reply.args()[1] : -1;
  }

  /** The pid of thaw-init, and the descriptors session, pages, request bell, pager bell. */
  synchronized Reply hello() throws IOException {
    Reply reply = request("hello", HELLO, List.of());
    int last = reply.fds().size() - 1;
    if (self != null) {
      self.close();
    }
    self = PidFd.of(reply.fds().get(last));
    return new Reply(reply.args(), reply.fds().subList(0, last));
  }

  /** Hands a memfd and its extents over; returns their numbers there. */
  long[] addBacking(int backing, Fd memfd, Fd extents) throws IOException {
    return request("add backing", ADD_BACKING, List.of(memfd, extents), backing).args();
  }

  /** Hands a userfaultfd and its table over; returns the number of the space. */
  int addSpace(int pid, int flags, Fd uffd, Fd table) throws IOException {
    return (int) request("add space", ADD_SPACE, List.of(uffd, table), pid, flags).args()[0];
  }

  /**
   * Has thaw-init make pages of memfds, which its memory cgroup then pays for. Those that are there
   * stay as they are; the others are empty.
   */
  void allocate(List<PageRange> ranges) throws IOException {
    int most = MAX_PAYLOAD_BYTES / RANGE_BYTES;
    for (int from = 0; from < ranges.size(); from += most) {
      List<PageRange> some = ranges.subList(from, Math.min(from + most, ranges.size()));
      ByteBuffer payload =
          ByteBuffer.allocate(RANGE_BYTES * some.size()).order(ByteOrder.nativeOrder());
      for (PageRange range : some) {
        payload.putLong(range.firstPage()).putInt(range.pageCount()).putInt(range.backing());
      }
      request("allocate", ALLOCATE, List.of(), payload.array());
    }
  }

  /** Starts thaw-pager; returns its pid. */
  int start() throws IOException {
    return (int) request("start", START, List.of()).args()[0];
  }

  /** A descriptor of thaw-init's table. */
  Fd descriptor(int number) throws IOException {
    return request("descriptor " + number, GET_FD, List.of(), number).fds().get(0);
  }

  /** Has thaw-init keep a copy of {@code fd} until {@link #drop}; returns its number there. */
  public int hold(Fd fd) throws IOException {
    return (int) request("hold", HOLD, List.of(fd)).args()[0];
  }

  /** Ends a {@link #hold}. */
  public void drop(int number) throws IOException {
    request("drop " + number, DROP, List.of(), number);
  }

  /** thaw-init itself. The caller owns it. */
  public synchronized PidFd process() throws IOException {
    if (self == null) {
      hello().fds().forEach(Fd::close);
    }
    return PidFd.of(self.duplicate());
  }

  /** Whether thaw-init has started this JVM: it is in the same pid namespace then. */
  public boolean isParent() {
    return parent;
  }

  /** Whether thaw-init is there: it goes when the last process of its tree has gone. */
  public boolean isConnected() {
    return !socket.hasEnded();
  }

  private Reply request(String what, int type, List<Fd> fds, long... args) throws IOException {
    return request(what, type, fds, new byte[0], args);
  }

  private synchronized Reply request(
      String what, int type, List<Fd> fds, byte[] payload, long... args) throws IOException {
    ByteBuffer out =
        ByteBuffer.allocate(HEADER_BYTES + payload.length).order(ByteOrder.nativeOrder());
    out.putInt(VERSION).putInt(type).putInt(0).putInt(payload.length);
    for (int i = 0; i < args.length; i++) {
      out.putLong(16 + 8 * i, args[i]);
    }
    out.putLong(NUMBER_AT, ++requests);
    out.put(HEADER_BYTES, payload);
    socket.send(out.array(), fds);
    while (REPEATABLE.contains(type) && !socket.await(REPEAT_MILLIS)) {
      socket.send(out.array(), fds);
    }
    UnixSocket.Message message = answer(what);
    ByteBuffer in = ByteBuffer.wrap(message.bytes()).order(ByteOrder.nativeOrder());
    if (in.getInt(0) != VERSION || in.getInt(4) != type) {
      throw new IOException(
          "thaw-init answers version " + in.getInt(0) + ", type " + in.getInt(4) + " to " + what);
    }
    if (in.getInt(8) != 0) {
      throw new SyscallException("thaw-init: " + what, in.getInt(8));
    }
    long[] words = {in.getLong(16), in.getLong(24), in.getLong(32), in.getLong(40)};
    return new Reply(words, message.fds());
  }

  /** The answer to the last request; those of one that was repeated come once more. */
  private UnixSocket.Message answer(String what) throws IOException {
    while (true) {
      UnixSocket.Message message = socket.receive(HEADER_BYTES);
      if (message == null || message.bytes().length < HEADER_BYTES) {
        throw new IOException("thaw-init is gone (" + what + ")");
      }
      ByteBuffer in = ByteBuffer.wrap(message.bytes()).order(ByteOrder.nativeOrder());
      if (in.getLong(NUMBER_AT) == requests) {
        return message;
      }
      message.fds().forEach(Fd::close);
    }
  }

  @Override
  public void close() { // whatever request still waits for its answer
    PidFd process = self;
    if (process != null) {
      process.close();
    }
    socket.close();
  }
}
