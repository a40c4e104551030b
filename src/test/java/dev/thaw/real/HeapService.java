package dev.thaw.real;

import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Timer;
import java.util.TimerTask;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * A program with a large heap that checks itself, dumped and restored by {@link HotSpotIT}. It is
 * no test class and uses nothing but the JDK.
 *
 * <p>Fifty threads own a shard each of a graph of objects. Every node's content is a function of
 * its number and its version; a shard's checksum is the sum over its nodes and is kept up to date
 * by the owner. Owners replace nodes (so the collector moves and frees all the time), make garbage,
 * and check each node before they replace it. A checker walks whole shards. Whatever is not as
 * computed is written as a line {@code WRONG ...}; a line {@code tick ...} four times a second says
 * how far it came.
 *
 * <p>usage: {@code HeapService PORT-FILE LIVE-MEBIBYTES}; verdict lines go to standard output.
 */
final class HeapService {
  private static final int THREADS = 50;
  private static final int PAYLOAD = 2000;
  private static final int BATCH = 10;

  private final PrintStream log = System.out;
  private final List<Shard> shards = new ArrayList<>();
  private final AtomicLong replaced = new AtomicLong();
  private final AtomicLong walked = new AtomicLong();
  private final AtomicLong timers = new AtomicLong();
  private final AtomicLong wrong = new AtomicLong();

  /** One object of the graph; immutable but for the link. */
  private static final class Node {
    final long id;
    final long version;
    final byte[] payload;
    final Object[] extra;
    Node next;

    Node(long id, long version) {
      this.id = id;
      this.version = version;
      this.payload = new byte[PAYLOAD];
      long state = mix(id * 31 + version);
      for (int i = 0; i + 8 <= PAYLOAD; i += 8) {
        state = mix(state);
        putLong(payload, i, state);
      }
      this.extra =
          new Object[] {Long.toHexString(id), version, new int[] {(int) id, (int) version}};
    }

    /** Whether every part is what the constructor computes. */
    boolean intact() {
      Node fresh = new Node(id, version);
      int[] numbers = (int[]) extra[2];
      return java.util.Arrays.equals(payload, fresh.payload)
          && extra[0].equals(fresh.extra[0])
          && extra[1].equals(version)
          && numbers[0] == (int) id
          && numbers[1] == (int) version;
    }

    long checksum() {
      return mix(id) ^ mix(version + 17);
    }
  }

  /** The nodes of one thread. Guarded by its monitor. */
  private static final class Shard {
    final Node[] nodes;
    long checksum;

    Shard(int index, int count) {
      nodes = new Node[count];
      for (int i = 0; i < count; i++) {
        nodes[i] = new Node((long) index << 32 | i, 0);
        nodes[i].next = i == 0 ? null : nodes[i - 1];
        checksum += nodes[i].checksum();
      }
    }

    /**
     * Replaces node {@code i} by its next version; false if what was there is not what it should
     * be.
     */
    synchronized boolean replace(int i) {
      Node old = nodes[i];
      boolean intact = old.intact();
      Node fresh = new Node(old.id, old.version + 1);
      fresh.next = old.next;
      nodes[i] = fresh;
      if (i + 1 < nodes.length) {
        intact &= nodes[i + 1].next == old;
        nodes[i + 1].next = fresh;
      }
      checksum += fresh.checksum() - old.checksum();
      return intact;
    }

    /** Recomputes everything. */
    synchronized boolean intact() {
      long sum = 0;
      for (int i = 0; i < nodes.length; i++) {
        Node node = nodes[i];
        if (!node.intact() || node.next != (i == 0 ? null : nodes[i - 1])) {
          return false;
        }
        sum += node.checksum();
      }
      return sum == checksum;
    }
  }

  public static void main(String[] args) throws Exception {
    new HeapService().run(Path.of(args[0]), Integer.parseInt(args[1]));
  }

  private void run(Path portFile, int mebibytes) throws Exception {
    int perShard = (int) ((long) mebibytes * 1024 * 1024 / THREADS / (PAYLOAD + 176));
    for (int i = 0; i < THREADS; i++) {
      shards.add(new Shard(i, perShard));
    }
    BlockingQueue<long[]> queue = new ArrayBlockingQueue<>(16);
    SynchronousQueue<long[]> handover = new SynchronousQueue<>();
    for (int i = 0; i < THREADS; i++) {
      int index = i;
      start("owner-" + i, () -> own(index, queue, handover));
    }
    start("checker", this::walk);
    startTimers();
    try (ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      Path temporary = Path.of(portFile + ".tmp");
      Files.writeString(temporary, server.getLocalPort() + "\n");
      Files.move(temporary, portFile);
      serve(server);
    }
  }

  private void start(String name, Runnable body) {
    Thread thread =
        new Thread(
            () -> {
              try {
                body.run();
                complain(name + " ended");
              } catch (Throwable e) { // a thread that ends is a failure, however it ends
                complain(name + ": " + e);
              }
            },
            name);
    thread.setDaemon(true);
    thread.start();
  }

  private void complain(String what) {
    wrong.incrementAndGet();
    log.println("WRONG " + what);
  }

  private void own(int index, BlockingQueue<long[]> queue, SynchronousQueue<long[]> handover) {
    Shard shard = shards.get(index);
    long state = mix(index);
    while (true) {
      for (int n = 0; n < BATCH; n++) {
        state = mix(state);
        if (!shard.replace((int) Long.remainderUnsigned(state, shard.nodes.length))) {
          complain("a node of shard " + index);
        }
        replaced.incrementAndGet();
      }
      rest(index, queue, handover);
    }
  }

  /** Waits a moment, each thread in its own of the ways that Java has. */
  private void rest(int index, BlockingQueue<long[]> queue, SynchronousQueue<long[]> handover) {
    try {
      switch (index % 6) {
        case 0 -> LockSupport.parkNanos(20_000_000);
        case 1 -> Thread.sleep(20);
        case 2 -> queue.offer(new long[] {index, mix(index)}, 20, TimeUnit.MILLISECONDS);
        case 3 -> checkMessage(queue.poll(20, TimeUnit.MILLISECONDS));
        case 4 -> {
          synchronized (shards.get(index)) {
            shards.get(index).wait(20);
          }
        }
        default -> {
          if (index % 12 == 5) {
            handover.offer(new long[] {index, mix(index)}, 20, TimeUnit.MILLISECONDS);
          } else {
            checkMessage(handover.poll(20, TimeUnit.MILLISECONDS));
          }
        }
      }
    } catch (InterruptedException e) {
      complain("interrupted: " + index);
    }
  }

  private void checkMessage(long[] message) {
    if (message != null && message[1] != mix(message[0])) {
      complain("message from " + message[0]);
    }
  }

  /** Checks shard after shard, for ever. */
  private void walk() {
    while (true) {
      for (int i = 0; i < THREADS; i++) {
        if (!shards.get(i).intact()) {
          complain("shard " + i);
        }
        LockSupport.parkNanos(10_000_000);
      }
      walked.incrementAndGet();
    }
  }

  private void startTimers() {
    ScheduledExecutorService scheduler = Executors.newScheduledThreadPool(2);
    scheduler.scheduleAtFixedRate(timers::incrementAndGet, 10, 10, TimeUnit.MILLISECONDS);
    scheduler.schedule(() -> complain("an hour's timer fired"), 1, TimeUnit.HOURS);
    new Timer("ticker", true)
        .schedule(
            new TimerTask() {
              @Override
              public void run() {
                log.println("tick " + status());
              }
            },
            250,
            250);
  }

  private String status() {
    return "replaced=%d walked=%d timers=%d collections=%d wrong=%d"
        .formatted(replaced.get(), walked.get(), timers.get(), collections(), wrong.get());
  }

  private static long collections() {
    return java.lang.management.ManagementFactory.getGarbageCollectorMXBeans().stream()
        .mapToLong(java.lang.management.GarbageCollectorMXBean::getCollectionCount)
        .sum();
  }

  /** Answers every connection with one line, after it read one. */
  private void serve(ServerSocket server) throws IOException {
    while (true) {
      try (Socket client = server.accept()) {
        client.getInputStream().read();
        String body = status() + "\n";
        String answer = "HTTP/1.0 200 OK\r\nContent-Length: " + body.length() + "\r\n\r\n" + body;
        client.getOutputStream().write(answer.getBytes(StandardCharsets.US_ASCII));
      }
    }
  }

  private static long mix(long z) {
    z += 0x9E3779B97F4A7C15L;
    z = (z ^ z >>> 30) * 0xBF58476D1CE4E5B9L;
    z = (z ^ z >>> 27) * 0x94D049BB133111EBL;
    return z ^ z >>> 31;
  }

  private static void putLong(byte[] target, int offset, long value) {
    for (int i = 0; i < 8; i++) {
      target[offset + i] = (byte) (value >>> 8 * i);
    }
  }
}
