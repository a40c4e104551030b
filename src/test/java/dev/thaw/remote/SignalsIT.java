package dev.thaw.remote;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.thaw.linux.Errno;
import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Signals that come before, during and after a session have the effect they would have had without.
 */
@Tag("kernel")
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SignalsIT {
  private static final Duration LIMIT = Duration.ofSeconds(5);
  private static final int SIGKILL = 9;
  private static final int SIGUSR1 = 10;
  private static final int SIGCONT = 18;
  private static final int SIGSTOP = 19;

  private static RemoteProcess attach(Target target) throws IOException {
    Tracee thread = Tracee.seize(target.pid(), Tracee.FOLLOW);
    thread.stop(LIMIT);
    return RemoteProcess.inject(thread, 0, RemoteProcess.DEFAULT_AREA_BYTES);
  }

  private static Void leave(RemoteProcess remote) throws IOException {
    remote.cure();
    remote.thread().detach();
    return null;
  }

  private static void runGetpid(RemoteProcess remote) throws IOException {
    Program.Builder builder = Program.builder("identity");
    builder.call(Syscalls.GETPID);
    remote.run(builder.build());
  }

  @Test
  void aStoppedTargetIsStillStoppedAfterwards() throws Exception {
    try (Target target = Target.start("nanosleep");
        TracerThread tracer = new TracerThread("tracer")) {
      target.send(SIGSTOP);
      target.awaitState('T');
      tracer.submit(
          () -> {
            RemoteProcess remote = attach(target);
            runGetpid(remote);
            return leave(remote);
          });
      target.awaitState('T');
      target.send(SIGCONT);
      target.awaitProgress();
      target.assertUnharmed();
    }
  }

  @Test
  void aStopThatComesDuringASessionTakesEffectAfterIt() throws Exception {
    try (Target target = Target.start("nanosleep");
        TracerThread tracer = new TracerThread("tracer")) {
      tracer.submit(
          () -> {
            RemoteProcess remote = attach(target);
            target.send(SIGSTOP);
            runGetpid(remote);
            return leave(remote);
          });
      target.awaitState('T');
      target.send(SIGCONT);
      target.awaitProgress();
      target.assertUnharmed();
    }
  }

  @Test
  void aStopAndAContinueDuringASessionCancelEachOther() throws Exception {
    try (Target target = Target.start("nanosleep");
        TracerThread tracer = new TracerThread("tracer")) {
      tracer.submit(
          () -> {
            RemoteProcess remote = attach(target);
            target.send(SIGSTOP);
            runGetpid(remote);
            target.send(SIGCONT);
            runGetpid(remote);
            return leave(remote);
          });
      target.awaitProgress();
      target.assertUnharmed();
    }
  }

  @Test
  void aSignalDuringASessionInterruptsTheCallThatTheTargetWasIn() throws Exception {
    try (Target target = Target.start("pause");
        TracerThread tracer = new TracerThread("tracer")) {
      for (int i = 0; i < 20; i++) {
        long before = target.rounds();
        target.awaitState('S');
        tracer.submit(
            () -> {
              RemoteProcess remote = attach(target);
              target.send(SIGUSR1);
              runGetpid(remote);
              return leave(remote);
            });
        awaitRounds(target, before + 1);
      }
      target.assertUnharmed();
    }
  }

  @Test
  void aSignalDuringASessionInterruptsTheCallEvenWhereTheDriverDies() throws Exception {
    try (Target target = Target.start("pause")) {
      for (int i = 0; i < 20; i++) {
        long before = target.rounds();
        target.awaitState('S');
        TracerThread tracer = new TracerThread("tracer");
        tracer.submit(
            () -> {
              RemoteProcess remote = attach(target);
              runGetpid(remote);
              target.send(SIGUSR1);
              remote.close(); // what the kernel does when the driver dies: the socket is closed,
              return null;
            });
        tracer.close(); // and the tracer thread ends
        awaitRounds(target, before + 1);
      }
      target.assertUnharmed();
    }
  }

  @Test
  void aTargetThatIsKilledDuringASessionIsReportedAsGone() throws Exception {
    try (Target target = Target.start("nanosleep");
        TracerThread tracer = new TracerThread("tracer")) {
      RemoteProcess remote = tracer.submit(() -> attach(target));
      target.send(SIGKILL);
      TaskGoneException e =
          assertThrows(
              TaskGoneException.class,
              () ->
                  tracer.submit(
                      () -> {
                        runGetpid(remote);
                        return null;
                      }));
      assertTrue(e.getMessage().startsWith("pid " + target.pid()), e.getMessage());
    }
  }

  @Test
  void aTargetWithoutAFreeDescriptorIsLeftAsItWas() throws Exception {
    try (Target target = Target.start("exhausted");
        TracerThread tracer = new TracerThread("tracer")) {
      String before = target.outside();
      RemoteException e =
          assertThrows(
              RemoteException.class,
              () ->
                  tracer.submit(
                      () -> {
                        Tracee thread = Tracee.seize(target.pid(), Tracee.FOLLOW);
                        thread.stop(LIMIT);
                        try {
                          return RemoteProcess.inject(thread, 0, RemoteProcess.DEFAULT_AREA_BYTES);
                        } finally {
                          thread.detach();
                        }
                      }));
      assertEquals(Errno.EMFILE.code(), e.errno(), e.getMessage());
      target.awaitProgress();
      target.assertUnharmed();
      assertEquals(before, target.outside());
    }
  }

  private static void awaitRounds(Target target, long rounds) throws Exception {
    long end = System.nanoTime() + LIMIT.toNanos();
    while (target.rounds() < rounds) {
      assertTrue(System.nanoTime() < end, "the signal had no effect");
      Thread.onSpinWait();
    }
    assertEquals(rounds, target.rounds());
  }
}
