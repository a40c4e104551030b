package dev.thaw.pager;

import dev.thaw.linux.Memfd;
import dev.thaw.linux.SpawnedProcess;
import dev.thaw.linux.UnixSocket;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/** {@code native/bench/faults}: a process that touches memory as it is told and measures it. */
final class FaultsProgram implements AutoCloseable {
  private static final int REPLY_BYTES = 40;

  private final SpawnedProcess process;
  private final UnixSocket socket;

  /** Which mapping is touched; the order is that of the program. */
  enum Kind {
    PAGER,
    LOOP,
    PLAIN,
    COPY,
    HUGE
  }

  /** How; the order is that of the program. */
  enum Pattern {
    SEQUENTIAL,
    RANDOM,
    READ_ALL
  }

  /** Nanoseconds; the middle and the tail are of one touch. */
  record Cost(long touches, long totalNanos, long medianNanos, long p99Nanos, long p999Nanos) {}

  private FaultsProgram(SpawnedProcess process, UnixSocket socket) {
    this.process = process;
    this.socket = socket;
  }

  /**
   * Has a program map the first pages of a backing, and gives its faults to the session.
   *
   * @param huge what {@link Kind#HUGE} maps
   */
  static FaultsProgram add(PagerSession session, int backing, int pages, Memfd huge)
      throws IOException {
    UnixSocket[] pair = UnixSocket.pair();
    SpawnedProcess process;
    try (UnixSocket theirs = pair[1]) {
      process =
          SpawnedProcess.start(List.of(InitUnderTest.nativeFile("bench/faults")), List.of(theirs));
    }
    ByteBuffer config = ByteBuffer.allocate(40).order(ByteOrder.nativeOrder()).putInt(12, pages);
    Memfd memfd = session.memfd(backing);
    pair[0].send(config.array(), List.of(memfd, huge));
    UnixSocket.Message map = pair[0].receive(64);
    ByteBuffer vma = ByteBuffer.wrap(map.bytes()).order(ByteOrder.nativeOrder());
    session.addSpace(
        process.pid(),
        map.fds().get(0),
        List.of(new SpaceVma(vma.getLong(0), vma.getLong(8), backing, 0, VmaKind.PRIVATE)));
    return new FaultsProgram(process, pair[0]);
  }

  /** The session serves: it may touch. */
  void start() throws IOException {
    socket.send(new byte[1], List.of());
  }

  /**
   * Touches a page of every {@code stride} in {@code [first, first + count)}.
   *
   * @param window pages that a baseline installs at once
   */
  Cost touch(Kind kind, Pattern pattern, int first, int count, int stride, int window)
      throws IOException {
    ByteBuffer request = ByteBuffer.allocate(24).order(ByteOrder.nativeOrder());
    request.putInt(kind.ordinal()).putInt(pattern.ordinal());
    request.putInt(first).putInt(count).putInt(stride).putInt(window);
    socket.send(request.array(), List.of());
    UnixSocket.Message reply = socket.receive(REPLY_BYTES);
    if (reply == null) {
      throw new IOException("the program that touches memory has ended");
    }
    ByteBuffer cost = ByteBuffer.wrap(reply.bytes()).order(ByteOrder.nativeOrder());
    return new Cost(cost.getLong(), cost.getLong(), cost.getLong(), cost.getLong(), cost.getLong());
  }

  @Override
  public void close() throws IOException {
    socket.close();
    process.await();
  }
}
