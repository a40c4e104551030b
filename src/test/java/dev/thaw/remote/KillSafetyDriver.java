package dev.thaw.remote;

import dev.thaw.dump.FrozenTree;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/**
 * A driver to be killed: attaches to every process given, runs a program there, takes the blob out,
 * and begins again, until it dies. Prints a line once every process has been through it.
 */
final class KillSafetyDriver {
  private static final Duration LIMIT = Duration.ofSeconds(20);

  private KillSafetyDriver() {}

  public static void main(String[] pids) throws Exception {
    CountDownLatch allBegan = new CountDownLatch(pids.length);
    List<Thread> loops = new ArrayList<>();
    for (String pid : pids) {
      Thread loop = new Thread(() -> loop(Integer.parseInt(pid), allBegan), "tracer of " + pid);
      loop.start();
      loops.add(loop);
    }
    allBegan.await();
    System.out.println("driving");
    for (Thread loop : loops) {
      loop.join();
    }
  }

  private static void loop(int pid, CountDownLatch began) {
    Program.Builder builder = Program.builder("identity");
    for (int i = 0; i < 20; i++) {
      builder.callOk(Program.Success.exactly(pid), Syscalls.GETPID);
    }
    Program program = builder.build();
    try {
      while (true) {
        FrozenTree tree = FrozenTree.freeze(pid, LIMIT);
        Tracee thread = tree.processes().get(0).threads().get(0).tracee();
        RemoteProcess remote = RemoteProcess.inject(thread, 0, RemoteProcess.DEFAULT_AREA_BYTES);
        for (int i = 0; i < 3; i++) {
          remote.run(program);
        }
        remote.cure();
        tree.thaw();
        began.countDown();
      }
    } catch (RemoteException e) {
      e.printStackTrace();
      System.exit(1);
    }
  }
}
