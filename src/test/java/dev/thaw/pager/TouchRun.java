package dev.thaw.pager;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import dev.thaw.linux.Memfd;
import dev.thaw.linux.SpawnedProcess;
import dev.thaw.linux.UnixSocket;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/**
 * {@code native/pager-test/pager_touch} with a pager: a process that touches pages in an order, and
 * ends with a message if one of them is not what it should be. Everything is filled before it
 * begins.
 */
final class TouchRun implements AutoCloseable {
  private static final long SEED = 4711;

  private final InitUnderTest init;
  private final PagerSession session;
  private final UnixSocket ours;
  private final SpawnedProcess victim;
  private final int backing;

  /** The process has mapped its memory and waits. */
  TouchRun(String pattern, VmaKind kind, int pages, int touches) throws IOException {
    ModelPages content = new ModelPages(SEED, pages, 0, 0);
    UnixSocket[] pair = UnixSocket.pair();
    init = new InitUnderTest();
    session = PagerSession.create(init.connection(), content);
    ours = pair[0];
    victim = start(pair[1], pattern, kind, touches);
    backing =
        session.addBacking(
            new BackingSpec(
                "touched", false, List.of(new Slot(0, pages)), List.of(new Extent(0, pages, 0))));
    ByteBuffer config = ByteBuffer.allocate(40).order(ByteOrder.nativeOrder());
    config.putLong(SEED).putInt(1).putInt(pages);
    ours.send(config.array(), List.of(memfd(), memfd()));
    UnixSocket.Message map = ours.receive(64);
    assertNotNull(map, "the process says what it has mapped");
    ByteBuffer in = ByteBuffer.wrap(map.bytes()).order(ByteOrder.nativeOrder());
    SpaceVma vma = new SpaceVma(in.getLong(), in.getLong(), backing, in.getLong(), kind);
    session.addSpace(victim.pid(), map.fds().get(0), List.of(vma));
    session.start();
    session.fillAll().join();
  }

  private static SpawnedProcess start(UnixSocket theirs, String pattern, VmaKind kind, int touches)
      throws IOException {
    try (theirs) {
      return SpawnedProcess.start(
          List.of(
              InitUnderTest.nativeFile("pager-test/pager_touch"),
              pattern,
              Integer.toString(kind.code()),
              Integer.toString(touches)),
          List.of(theirs));
    }
  }

  PagerSession session() {
    return session;
  }

  Memfd memfd() {
    return session.memfd(backing);
  }

  /** Of the process that touches. */
  int pid() {
    return victim.pid();
  }

  void begin() throws IOException {
    ours.send(new byte[1], List.of());
  }

  /** Its memory stays mapped until {@link #end}. */
  void awaitAllSeen() throws IOException {
    assertNotNull(ours.receive(64), "it has seen all pages as they should be");
  }

  void end() throws IOException {
    ours.send(new byte[1], List.of());
    assertEquals(0, victim.await());
  }

  @Override
  public void close() throws IOException {
    victim.close();
    ours.close();
    session.close();
    init.close();
  }
}
