package dev.thaw.dump.fd;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.thaw.dump.UnsupportedResourceException;
import dev.thaw.image.Addr;
import dev.thaw.image.SharedMemory;
import dev.thaw.image.file.Epoll;
import dev.thaw.image.file.EventFd;
import dev.thaw.image.file.Inotify;
import dev.thaw.image.file.MemoryFile;
import dev.thaw.image.file.Pipe;
import dev.thaw.image.file.ProcessFd;
import dev.thaw.image.file.SignalFd;
import dev.thaw.image.file.TimerFd;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a dump says of real descriptors of another process. */
@Tag("kernel")
@Timeout(value = 60, unit = SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class AnonymousFilesIT {
  private static final int O_NONBLOCK = 04000;

  @Test
  void aPipeIsDumpedWithItsContentAndKeepsIt() throws Exception {
    try (Holder holder =
        new Holder(
            "r,w=os.pipe2(os.O_NONBLOCK); put(r,10); put(w,11)\n"
                + "fcntl.fcntl(11,1031,131072); os.write(11,b'hello'); os.write(11,b' you')")) {
      Pipe read = holder.dump(10, Pipe.class);
      Pipe again = holder.dump(10, Pipe.class);
      Pipe write = holder.dump(11, Pipe.class);

      assertEquals("hello you", text(read.content()));
      assertEquals("hello you", text(again.content()), "a dump takes nothing out");
      assertEquals(131072, read.capacityBytes());
      assertEquals(O_NONBLOCK, read.flags());
      assertEquals(O_NONBLOCK | 1, write.flags());
      assertEquals(read.pipe(), write.pipe());
      assertEquals(List.of(), write.content(), "the first end holds it");
    }
  }

  @Test
  void packetsKeepTheirBoundaries() throws Exception {
    try (Holder holder =
        new Holder(
            "r,w=os.pipe2(os.O_DIRECT); put(r,10); put(w,11)\n"
                + "os.write(11,b'one'); os.write(11,b'three')")) {
      List<byte[]> packets = holder.dump(10, Pipe.class).content();

      assertEquals(
          List.of("one", "three"), packets.stream().map(p -> new String(p, US_ASCII)).toList());
    }
  }

  @Test
  void aHalfClosedPipeIsDumped() throws Exception {
    try (Holder holder = new Holder("r,w=os.pipe(); put(r,10); os.write(w,b'left'); os.close(w)")) {
      assertEquals("left", text(holder.dump(10, Pipe.class).content()));
    }
  }

  @Test
  void aPipeWhoseOtherEndIsOutsideIsRefused() throws Exception {
    try (Holder holder = new Holder("put(os.dup(0),10)")) { // the test holds its other end
      var refused =
          assertThrows(UnsupportedResourceException.class, () -> holder.dump(10, Pipe.class));
      assertTrue(refused.getMessage().startsWith("pid " + holder.pid() + ": fd 10 (pipe:["));
      assertTrue(refused.getMessage().contains("outside the tree"), refused.getMessage());
    }
  }

  @Test
  void eventAndSignalDescriptorsAreDumped() throws Exception {
    try (Holder holder =
        new Holder(
            "put(libc.eventfd(5,1),10); put(libc.eventfd(0,2048),11)\n"
                + "m=ctypes.c_ulonglong(0x200); put(libc.signalfd(-1,ctypes.byref(m),0),12)")) {
      assertEquals(new EventFd(1, 2, Addr.of(5), true), holder.dump(10, EventFd.class));
      assertEquals(
          new EventFd(2, 2 | O_NONBLOCK, Addr.of(0), false), holder.dump(11, EventFd.class));
      assertEquals(new SignalFd(3, 2, Addr.of(0x200)), holder.dump(12, SignalFd.class));
    }
  }

  @Test
  void aTimerIsDumpedWithItsTicks() throws Exception {
    try (Holder holder =
        new Holder(
            "t=put(libc.timerfd_create(1,0),10)\n"
                + "v=(ctypes.c_long*4)(3600,0,0,1); libc.timerfd_settime(t,0,v,None)\n"
                + "select.select([t],[],[])")) {
      TimerFd timer = holder.dump(10, TimerFd.class);

      assertEquals(1, timer.clock());
      assertEquals(1, timer.ticks());
      assertEquals(3_600_000_000_000L, timer.intervalNanos());
      long left = timer.valueNanos();
      assertTrue(left > 3_500_000_000_000L && left <= 3_600_000_000_000L, "next tick in " + left);
    }
  }

  @Test
  void anAbsoluteTimerKeepsItsMoment() throws Exception {
    try (Holder holder =
        new Holder(
            "t=put(libc.timerfd_create(0,0),10)\n"
                + "v=(ctypes.c_long*4)(0,0,5000000000,7); libc.timerfd_settime(t,1,v,None)")) {
      long late = holder.dump(10, TimerFd.class).valueNanos() - 5_000_000_000_000_000_007L;

      assertTrue(late >= 0 && late < 1_000_000_000, "late by " + late);
    }
  }

  @Test
  void anEpollNamesWhatItWatches() throws Exception {
    try (Holder holder =
        new Holder(
            "e=put(select.epoll(),10); inner=put(select.epoll(),11); put(libc.eventfd(0,0),12)\n"
                + "def add(ep,fd,ev,data):\n"
                + "    libc.epoll_ctl(ep,1,fd,struct.pack('<IQ',ev,data))\n"
                + "add(10,11,1,0x7fe40000000b); add(10,12,0xc0000001,2**64-1)")) {
      Epoll epoll = holder.dump(10, Epoll.class);

      assertEquals(
          List.of(
              new Epoll.Interest(holder.pid(), 11, 2, 0x19, Addr.of(0x7fe40000000bL)),
              new Epoll.Interest(holder.pid(), 12, 3, 0xc0000019L, Addr.of(-1))),
          epoll.interests().stream()
              .sorted(java.util.Comparator.comparing(Epoll.Interest::number))
              .toList());
    }
  }

  @Test
  void anEpollThatWatchesAClosedNumberIsRefused() throws Exception {
    try (Holder holder =
        new Holder(
            "e=select.epoll(); v=os.eventfd(0) if hasattr(os,'eventfd') else libc.eventfd(0,0)\n"
                + "put(os.dup(v),12); e.register(v,1); os.close(v); put(e,10)")) {
      var refused =
          assertThrows(UnsupportedResourceException.class, () -> holder.dump(10, Epoll.class));
      assertTrue(refused.getMessage().contains("another number"), refused.getMessage());
    }
  }

  @Test
  void inotifyWatchesAreFoundByName() throws Exception {
    try (Holder holder =
        new Holder(
            "i=put(libc.inotify_init1(2048),10)\n"
                + "libc.inotify_add_watch(i,b'/etc',0x3c0); libc.inotify_add_watch(i,b'/usr',0x3c0)\n"
                + "libc.inotify_rm_watch(i,1); os.read(10,4096)")) {
      Inotify inotify = holder.dump(10, Inotify.class);

      assertEquals(List.of(new Inotify.Watch(2, "/usr", 0x3c0)), inotify.watches());
    }
  }

  @Test
  void aMemfdIsSharedMemoryWithSeals() throws Exception {
    try (Holder holder =
        new Holder(
            "m=put(os.memfd_create('blue',2),10); os.write(m,b'x'*5000); fcntl.fcntl(m,1033,2)")) {
      MemoryFile file = holder.dump(10, MemoryFile.class);
      SharedMemory memory = holder.sharedMemory().entries().get(0).memory();

      assertEquals(5000, file.offsetBytes());
      assertEquals(2, file.seals());
      assertEquals("blue", memory.name());
      assertEquals(5000, memory.sizeBytes());
      assertEquals(SharedMemory.Kind.MEMFD, memory.kind());
    }
  }

  @Test
  void aPidfdOfTheTreeIsDumpedAndOneOfAnotherProcessRefused() throws Exception {
    try (Holder holder = new Holder("put(os.pidfd_open(os.getpid()),10)");
        Holder other = new Holder("put(os.pidfd_open(os.getppid()),10)")) {
      assertEquals(holder.pid(), holder.dump(10, ProcessFd.class).pid());
      assertThrows(UnsupportedResourceException.class, () -> other.dump(10, ProcessFd.class));
    }
  }

  private static String text(List<byte[]> pieces) {
    assertEquals(1, pieces.size());
    return new String(pieces.get(0), US_ASCII);
  }
}
