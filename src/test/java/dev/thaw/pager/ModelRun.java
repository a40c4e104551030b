package dev.thaw.pager;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import dev.thaw.image.stats.TreeStats;
import dev.thaw.linux.SpawnedProcess;
import dev.thaw.linux.UnixSocket;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;

/** One run of {@code pager_model}: memory laid out, handed over, served, and the pager killed. */
record ModelRun(
    long seed,
    int threads,
    int privatePages,
    int anonPages,
    int sharedPages,
    int millis,
    int corruptPerMille,
    long frameDelayNanos,
    boolean fillInBackground,
    int killEveryMillis,
    boolean exact) {
  private static final int SIGKILL = 9;

  /** What came of it. */
  record Result(
      long steps,
      int kills,
      boolean retired,
      TreeStats stats,
      Map<Tables.Counter, Long> counters) {}

  private long pagesOfThread() {
    return (long) privatePages + anonPages;
  }

  private long storePages() {
    return threads * (pagesOfThread() + sharedPages);
  }

  ModelPages pages() {
    return new ModelPages(seed, storePages(), corruptPerMille, frameDelayNanos);
  }

  /** All of it as words, for another JVM. */
  List<String> toArguments() {
    return List.of(
        Long.toString(seed),
        Integer.toString(threads),
        Integer.toString(privatePages),
        Integer.toString(anonPages),
        Integer.toString(sharedPages),
        Integer.toString(millis),
        Integer.toString(corruptPerMille),
        Long.toString(frameDelayNanos),
        Boolean.toString(fillInBackground),
        Integer.toString(killEveryMillis),
        Boolean.toString(exact));
  }

  /** The inverse of {@link #toArguments}. */
  static ModelRun of(List<String> words) {
    return new ModelRun(
        Long.parseLong(words.get(0)),
        Integer.parseInt(words.get(1)),
        Integer.parseInt(words.get(2)),
        Integer.parseInt(words.get(3)),
        Integer.parseInt(words.get(4)),
        Integer.parseInt(words.get(5)),
        Integer.parseInt(words.get(6)),
        Long.parseLong(words.get(7)),
        Boolean.parseBoolean(words.get(8)),
        Integer.parseInt(words.get(9)),
        Boolean.parseBoolean(words.get(10)));
  }

  Result run() throws IOException, InterruptedException {
    ModelPages pages = pages();
    UnixSocket[] pair = UnixSocket.pair();
    try (InitUnderTest init = new InitUnderTest();
        PagerSession session = PagerSession.create(init.connection(), pages);
        UnixSocket ours = pair[0];
        SpawnedProcess victim = startVictim(pair[1])) {
      prepare(session, pages, ours, victim.pid());
      session.start();
      ours.send(new byte[1], List.of());
      if (fillInBackground) {
        session.fillAll();
      }
      int kills = killWhileRunning(session, victim);
      assertEquals(0, victim.await(), "status of the victim, seed " + seed);
      UnixSocket.Message steps = ours.receive(64);
      assertNotNull(steps);
      if (killEveryMillis == 0) {
        awaitAnswered(session);
      }
      Map<Tables.Counter, Long> counters = new java.util.EnumMap<>(Tables.Counter.class);
      for (Tables.Counter c : Tables.Counter.values()) {
        counters.put(c, session.total(c));
      }
      return new Result(
          Long.parseLong(new String(steps.bytes(), StandardCharsets.US_ASCII)),
          kills,
          session.hasRetired(),
          session.stats(),
          counters);
    }
  }

  /** A fault is counted as answered just after its thread has gone on. Gives up after a while. */
  private static void awaitAnswered(PagerSession session) {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(5);
    TreeStats stats = session.stats();
    while (stats.total().all().count() != stats.total().counts().faults()
        && System.nanoTime() < end) {
      LockSupport.parkNanos(1_000_000);
      stats = session.stats();
    }
  }

  static SpawnedProcess startVictim(UnixSocket theirs) throws IOException {
    try (theirs) {
      return SpawnedProcess.start(
          List.of(InitUnderTest.nativeFile("pager-test/pager_model")), List.of(theirs));
    }
  }

  /** Makes the memfds, has the victim map them, and takes its userfaultfd. */
  void prepare(PagerSession session, ModelPages pages, UnixSocket socket, int pid)
      throws IOException {
    List<Slot> slots = new ArrayList<>();
    List<Extent> content = new ArrayList<>();
    for (int t = 0; t < threads; t++) {
      long own = t * pagesOfThread();
      long first = (long) t * 2 << 35;
      slots.add(new Slot(first, privatePages));
      content.addAll(pages.extents(first, own, privatePages));
      slots.add(new Slot(first + (1L << 35), anonPages));
      content.addAll(pages.extents(first + (1L << 35), own + privatePages, anonPages));
    }
    int own = session.addBacking(new BackingSpec("model-private", false, slots, content));
    long sharedStart = threads * pagesOfThread();
    int shared =
        session.addBacking(
            new BackingSpec(
                "model-shared",
                true,
                List.of(new Slot(0, (long) threads * sharedPages)),
                pages.extents(0, sharedStart, (long) threads * sharedPages)));
    socket.send(config(), List.of(session.memfd(own), session.memfd(shared)));
    UnixSocket.Message map = socket.receive(65536);
    assertNotNull(map, "the victim says what it has mapped");
    List<SpaceVma> vmas = new ArrayList<>();
    ByteBuffer in = ByteBuffer.wrap(map.bytes()).order(ByteOrder.nativeOrder());
    while (in.hasRemaining()) {
      long start = in.getLong();
      long end = in.getLong();
      long firstPage = in.getLong();
      int backing = in.getInt() == 0 ? own : shared;
      vmas.add(new SpaceVma(start, end, backing, firstPage, VmaKind.values()[in.getInt()]));
    }
    session.addSpace(pid, map.fds().get(0), vmas, List.of(), exact);
  }

  private byte[] config() {
    return ByteBuffer.allocate(40)
        .order(ByteOrder.nativeOrder())
        .putLong(seed)
        .putInt(threads)
        .putInt(privatePages)
        .putInt(anonPages)
        .putInt(sharedPages)
        .putInt(millis)
        .putInt(corruptPerMille)
        .putInt(ModelPages.FRAME_PAGES)
        .putInt(exact ? 1 : 0)
        .array();
  }

  /** Kills thaw-pager again and again until the victim ends. */
  private int killWhileRunning(PagerSession session, SpawnedProcess victim)
      throws IOException, InterruptedException {
    AtomicBoolean over = new AtomicBoolean();
    int[] kills = new int[1];
    Random random = new Random(seed);
    Thread killer =
        new Thread(
            () -> {
              while (!over.get() && killEveryMillis > 0) {
                try {
                  // Not a wait for something: the moments are to be random.
                  Thread.sleep(random.nextInt(2 * killEveryMillis), random.nextInt(1_000_000));
                } catch (InterruptedException e) {
                  return;
                }
                if (SpawnedProcess.kill(session.pagerPid(), SIGKILL)) {
                  kills[0]++;
                }
              }
            });
    killer.start();
    victim.await();
    over.set(true);
    killer.join();
    return kills[0];
  }
}
