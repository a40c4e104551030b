package dev.thaw.dump;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.thaw.image.Addr;
import dev.thaw.image.ProcessImage.IntervalTimer;
import dev.thaw.image.ProcessImage.PosixTimer;
import dev.thaw.image.SignalInfo;
import java.util.List;
import org.junit.jupiter.api.Test;

class ExpiredTimersTest {
  private static final int SIGALRM = 14;
  private static final long ALARM_BIT = 1L << (SIGALRM - 1);
  private static final SignalInfo QUEUED = new SignalInfo(SIGALRM, new byte[128]);
  private static final IntervalTimer EXPIRED = new IntervalTimer(0, 250);

  private static List<Integer> signals(ExpiredTimers timers) {
    return timers.pending().stream().map(SignalInfo::signal).toList();
  }

  @Test
  void anAlarmThatCameBetweenTheTwoLooksIsPutBackAndItsTimerArmedAgain() {
    ExpiredTimers timers = ExpiredTimers.of(List.of(), ALARM_BIT, EXPIRED, List.of());
    assertEquals(List.of(SIGALRM), signals(timers));
    assertEquals(new IntervalTimer(250, 250), timers.realTimer());
  }

  @Test
  void anAlarmThatWasPendingAlreadyIsNotDoubled() {
    ExpiredTimers timers = ExpiredTimers.of(List.of(QUEUED), ALARM_BIT, EXPIRED, List.of());
    assertEquals(List.of(SIGALRM), signals(timers));
    assertEquals(new IntervalTimer(250, 250), timers.realTimer());
  }

  @Test
  void aTimerThatStillRunsFiresByItself() {
    IntervalTimer running = new IntervalTimer(100, 250);
    ExpiredTimers timers = ExpiredTimers.of(List.of(), ALARM_BIT, running, List.of());
    assertEquals(List.of(), signals(timers));
    assertEquals(running, timers.realTimer());
  }

  @Test
  void aDisarmedTimerStaysDisarmed() {
    IntervalTimer disarmed = new IntervalTimer(0, 0);
    ExpiredTimers timers = ExpiredTimers.of(List.of(), 0, disarmed, List.of());
    assertEquals(List.of(), signals(timers));
    assertEquals(disarmed, timers.realTimer());
  }

  @Test
  void aTimerOfTimerCreateThatExpiredOnceIsPutBack() {
    PosixTimer timer = new PosixTimer(7, 1, SIGALRM, Addr.of(42), 0, 0, 0, 0, 0);
    ExpiredTimers timers =
        ExpiredTimers.of(List.of(), ALARM_BIT, new IntervalTimer(5, 0), List.of(timer));
    assertEquals(List.of(SIGALRM), signals(timers));
    byte[] info = timers.pending().get(0).info();
    assertEquals(-2, info[8]); // SI_TIMER
    assertEquals(7, info[16]);
    assertEquals(42, info[24]);
  }
}
