package dev.thaw.restore.fd;

import dev.thaw.image.file.Epoll;
import dev.thaw.image.file.Epoll.Interest;
import dev.thaw.remote.Program;
import dev.thaw.remote.Program.Success;
import dev.thaw.remote.Syscalls;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * {@link Epoll}: each watched file is added by the process that knows it by its old number.
 *
 * <p>A one-shot interest that has fired has no events left, yet epoll_ctl(2) adds EPOLLERR and
 * EPOLLHUP to any: such interests come first, and one epoll_wait(2) takes what they report at once.
 * An error that happens later is reported once more than it would have been. An edge-triggered
 * interest reports readiness once after the restore, as it does after every EPOLL_CTL_MOD.
 */
public final class EpollRestore implements FileRestore<Epoll> {
  private static final int EPOLL_CTL_ADD = 1;
  private static final int EPOLL_EVENT_BYTES = 12;

  /** EPOLLEXCLUSIVE and up: how, not what; include/uapi/linux/eventpoll.h. */
  private static final long PRIVATE_BITS = 0xf0000000L;

  @Override
  public void plan(Epoll file, FilePlan plan) {
    plan.place(Phase.CREATE, plan.in(Phase.CREATE).call(Syscalls.EPOLL_CREATE1, 0));
    boolean disarmed = false;
    for (Interest interest : file.interests()) {
      if (fired(interest)) {
        add(interest, plan);
        disarmed = true;
      }
    }
    if (disarmed) {
      Program.Builder b = plan.in(Phase.CONNECT);
      Program.Data events = b.zeroed(file.interests().size() * EPOLL_EVENT_BYTES);
      b.callOk(
          Success.any(), Syscalls.EPOLL_WAIT, plan.number(), events, file.interests().size(), 0);
    }
    for (Interest interest : file.interests()) {
      if (!fired(interest)) {
        add(interest, plan);
      }
    }
  }

  private static boolean fired(Interest interest) {
    return (interest.events() & ~PRIVATE_BITS) == 0;
  }

  private static void add(Interest interest, FilePlan plan) {
    int epoll = plan.numberIn(interest.pid());
    Program.Builder b = plan.in(Phase.CONNECT, interest.pid());
    byte[] event =
        ByteBuffer.allocate(EPOLL_EVENT_BYTES)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putInt((int) interest.events())
            .putLong(interest.data().value())
            .array();
    b.call(Syscalls.EPOLL_CTL, epoll, EPOLL_CTL_ADD, interest.number(), b.data(event));
  }
}
