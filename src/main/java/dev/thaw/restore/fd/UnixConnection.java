package dev.thaw.restore.fd;

import dev.thaw.image.OpenFile;
import dev.thaw.image.file.UnixSocket;
import dev.thaw.image.file.UnixSocket.PeerCredentials;
import dev.thaw.remote.Program;
import dev.thaw.remote.Syscalls;
import java.util.List;

/**
 * Two UNIX sockets that are connected to each other, made as they were: by socketpair(2), or where
 * accept(2) made one of them, which shows by its name, by a listener of that name that stands in
 * until the real one is bound.
 *
 * <pre>
 *   OFFER    process that listened     socket, bind, listen
 *   CREATE   process that connected    socket, connect, accept (by a copy of the listener)
 *   ADOPT    process that listened     close; both ends are taken
 * </pre>
 *
 * <p>Where several processes have listened at one name one after the other, SO_PEERCRED of all who
 * connected tells the last.
 *
 * @param accepted the named end; null for a pair
 * @param other the other end; null if it has closed
 */
record UnixConnection(UnixSocket accepted, UnixSocket other) {
  private static final int ACCEPTED = 0;
  private static final int ANYBODY = 0777;

  /** The connection of {@code a} and {@code b}, in any order; {@code b} may be null. */
  static UnixConnection of(UnixSocket a, UnixSocket b, List<OpenFile> files) {
    UnixSocket named = a;
    if (b != null) {
      UnixSocket first = a.id() < b.id() ? a : b;
      UnixSocket second = first == a ? b : a;
      boolean firstIs =
          hasListenersName(first, files)
              || !hasListenersName(second, files) && !first.name().isEmpty();
      named = firstIs ? first : second;
    }
    boolean accepted = named.connects() && !named.name().isEmpty();
    return new UnixConnection(accepted ? named : null, named == a ? b : a);
  }

  private static boolean hasListenersName(UnixSocket a, List<OpenFile> files) {
    return files.stream()
        .anyMatch(
            f ->
                f instanceof UnixSocket other
                    && other.id() != a.id()
                    && !a.name().isEmpty()
                    && other.name().equals(a.name()));
  }

  /** Makes it, once; see {@link FilePlan#object}. */
  FilePlan.SharedObject make(String key, UnixSocket asking, FilePlan plan) {
    PeerCredentials creator = accepted == null ? asking.credentials() : accepted.credentials();
    FilePlan by = plan.by(creator.pid());
    if (accepted == null) {
      return by.object(key, maker -> pair(asking, maker));
    }
    FilePlan.SharedObject door = door(plan);
    return by.object(key, maker -> connect(door, maker));
  }

  /** The end of the made object that {@code file} is. */
  int endOf(UnixSocket file) {
    if (accepted == null) {
      return file.peer() == 0 || file.id() < file.peer() ? 0 : 1;
    }
    return file.id() == accepted.id() ? ACCEPTED : 1 - ACCEPTED;
  }

  private static List<Integer> pair(UnixSocket file, FilePlan plan) {
    Program.Builder b = plan.in(Phase.CREATE);
    Program.Data ends = b.zeroed(8);
    int type = file.type() | SocketCalls.SOCK_NONBLOCK_CLOEXEC;
    UnixCredentials.as(
        b,
        file.credentials(),
        () -> b.call(Syscalls.SOCKETPAIR, SocketCalls.AF_UNIX, type, 0, ends));
    int first = plan.temporary();
    int second = plan.temporary();
    plan.moveTo(Phase.CREATE, ends.word32(0), first);
    plan.moveTo(Phase.CREATE, ends.word32(4), second);
    return List.of(first, second);
  }

  /** The listener: one for all connections of its name. */
  private FilePlan.SharedObject door(FilePlan plan) {
    PeerCredentials listener = listener(plan.files());
    String key = "unix door " + accepted.name() + " " + accepted.type();
    return plan.by(listener.pid()).object(key, Phase.ADOPT, maker -> open(listener, maker));
  }

  /** Who listened at the name: known to the listener, else to those who connected to it. */
  private PeerCredentials listener(List<OpenFile> files) {
    PeerCredentials known = new PeerCredentials(0, 0, 0);
    for (OpenFile file : files) {
      if (file instanceof UnixSocket socket) {
        if (socket.listens() && isAt(socket)) {
          return socket.credentials();
        }
        if (peerIsAt(socket, files)) {
          known = socket.credentials();
        }
      }
    }
    return known;
  }

  private boolean isAt(UnixSocket socket) {
    return socket.name().equals(accepted.name()) && socket.type() == accepted.type();
  }

  private boolean peerIsAt(UnixSocket socket, List<OpenFile> files) {
    return !isAt(socket)
        && files.stream()
            .anyMatch(f -> f.id() == socket.peer() && f instanceof UnixSocket u && isAt(u));
  }

  private List<Integer> open(PeerCredentials listener, FilePlan plan) {
    int door = plan.temporary();
    Program.Builder b = plan.in(Phase.OFFER);
    int type = accepted.type() | SocketCalls.SOCK_NONBLOCK_CLOEXEC;
    plan.moveTo(Phase.OFFER, b.call(Syscalls.SOCKET, SocketCalls.AF_UNIX, type, 0), door);
    UnixNames.bind(plan.in(Phase.OFFER), door, accepted, true);
    if (accepted.hasPath()) {
      b.call(Syscalls.CHMOD, UnixNames.path(b, accepted), ANYBODY);
    }
    UnixCredentials.as(b, listener, () -> b.call(Syscalls.LISTEN, door, 1));
    if (accepted.hasPath() && !accepted.file().linked()) {
      Program.Builder later = plan.in(Phase.ADOPT);
      later.call(Syscalls.UNLINK, UnixNames.path(later, accepted));
    } else if (accepted.hasPath()) {
      UnixNames.own(plan.in(Phase.ADOPT), accepted);
    }
    return List.of(door);
  }

  private List<Integer> connect(FilePlan.SharedObject door, FilePlan plan) {
    int near = plan.temporary();
    int far = plan.temporary();
    Program.Builder b = plan.in(Phase.CREATE);
    int type = accepted.type() | SocketCalls.SOCK_NONBLOCK_CLOEXEC;
    plan.moveTo(Phase.CREATE, b.call(Syscalls.SOCKET, SocketCalls.AF_UNIX, type, 0), far);
    if (other != null) {
      UnixNames.bind(b, far, other, false);
    }
    Object listener = plan.borrow(Phase.CREATE, door);
    byte[] address = SocketCalls.unixAddress(accepted.name());
    UnixCredentials.as(
        b,
        accepted.credentials(),
        () -> b.call(Syscalls.CONNECT, far, b.data(address), address.length));
    Program.Arg made = b.call(Syscalls.ACCEPT4, listener, 0, 0, SocketCalls.SOCK_NONBLOCK_CLOEXEC);
    plan.moveTo(Phase.CREATE, made, near);
    b.call(Syscalls.CLOSE, listener);
    return List.of(near, far);
  }
}
