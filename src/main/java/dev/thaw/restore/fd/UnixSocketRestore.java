package dev.thaw.restore.fd;

import dev.thaw.image.OpenFile;
import dev.thaw.image.file.UnixSocket;
import dev.thaw.image.file.UnixSocket.End;
import dev.thaw.remote.Program;
import dev.thaw.remote.Program.Success;
import dev.thaw.remote.Syscalls;
import java.util.List;

/**
 * {@link UnixSocket}: a connection is made with both ends ({@link UnixConnection}). What waits to
 * be received is sent again by the other end before either is shut down or gets its own buffer
 * sizes.
 */
public final class UnixSocketRestore implements FileRestore<UnixSocket> {
  private static final int SURVIVOR = 0;
  private static final int GONE = 1;

  /** Room for the overhead of the kernel's own structures around small messages. */
  private static final int SPARE_BYTES = 1 << 20;

  @Override
  public void plan(UnixSocket file, FilePlan plan) {
    UnixSocket peer = peer(file, plan);
    if (peer != null && peer.peer() == file.id()) {
      connected(file, peer, plan);
    } else if (hasEnded(file)) {
      orphan(file, plan);
    } else {
      single(file, peer, plan);
    }
    shutdown(file, plan);
    SocketCalls.set(plan.in(Phase.FINISH), plan.number(), file.options());
    plan.setStatusFlags(file.flags());
    if (file.listens()) {
      listen(file, plan);
    }
  }

  /** By the process that did it, if that has it: those who connect are told who listens. */
  private static void listen(UnixSocket file, FilePlan plan) {
    int listener = file.credentials().pid();
    int pid = plan.numberIn(listener) >= 0 ? listener : plan.pid();
    Program.Builder b = plan.in(Phase.FINISH, pid);
    int number = plan.numberIn(pid);
    UnixCredentials.as(
        b, file.credentials(), () -> b.call(Syscalls.LISTEN, number, file.backlog()));
  }

  private static UnixSocket peer(UnixSocket file, FilePlan plan) {
    if (file.peer() == 0) {
      return null;
    }
    for (OpenFile other : plan.files()) {
      if (other.id() == file.peer() && other instanceof UnixSocket socket) {
        return socket;
      }
    }
    throw new IllegalArgumentException(
        "file " + file.id() + " is connected to " + file.peer() + ", which is no UNIX socket");
  }

  private static boolean hasEnded(UnixSocket file) {
    return file.end() != End.NONE;
  }

  private static void connected(UnixSocket file, UnixSocket peer, FilePlan plan) {
    UnixConnection connection = UnixConnection.of(file, peer, plan.files());
    String key = "unix pair " + Math.min(file.id(), peer.id());
    FilePlan.SharedObject ends = connection.make(key, file, plan);
    plan.adopt(ends, connection.endOf(file));
    if (connection.accepted() == null) {
      UnixNames.bind(plan.in(Phase.ADOPT), plan.number(), file, false);
    }
    send(plan.in(Phase.FILL), plan.number(), peer.queue(), new byte[0]);
  }

  /** A connection whose other end has closed: it has closed again in FINISH. */
  private static void orphan(UnixSocket file, FilePlan plan) {
    UnixConnection connection = UnixConnection.of(file, null, plan.files());
    FilePlan.SharedObject pair = connection.make("unix orphan " + file.id(), file, plan);
    plan.adopt(pair, SURVIVOR);
    Program.Builder b = plan.in(Phase.FILL);
    FilePlan maker = plan.by(pair.pid());
    send(maker.in(Phase.FILL), pair.ends().get(GONE), file.queue(), new byte[0]);
    if (file.end() == End.RESET) {
      send(b, plan.number(), List.of(new byte[1]), new byte[0]);
    }
  }

  private static void single(UnixSocket file, UnixSocket peer, FilePlan plan) {
    plan.place(
        Phase.CREATE,
        plan.in(Phase.CREATE).call(Syscalls.SOCKET, SocketCalls.AF_UNIX, file.type(), 0));
    // A listener waits until those that stood in for it have left its name.
    Phase named = file.listens() ? Phase.CONNECT : Phase.CREATE;
    UnixNames.bind(plan.in(named), plan.number(), file, false);
    if (peer != null) {
      byte[] address = SocketCalls.unixAddress(peer.name());
      Program.Builder b = plan.in(Phase.CONNECT);
      b.call(Syscalls.CONNECT, plan.number(), b.data(address), address.length);
    }
    if (!file.queue().isEmpty()) {
      Program.Builder b = plan.in(Phase.FILL);
      Program.Result sender =
          b.call(Syscalls.SOCKET, SocketCalls.AF_UNIX, file.type() | 02000000, 0);
      send(b, sender, file.queue(), SocketCalls.unixAddress(file.name()));
      b.call(Syscalls.CLOSE, sender);
    }
  }

  private static void send(Program.Builder b, Object sender, List<byte[]> queue, byte[] address) {
    if (queue.isEmpty()) {
      return;
    }
    int bytes = queue.stream().mapToInt(piece -> piece.length).sum();
    SocketCalls.set(b, sender, SocketCalls.SO_SNDBUFFORCE, 2 * bytes + SPARE_BYTES);
    Object to = address.length == 0 ? 0 : b.data(address);
    for (byte[] piece : queue) {
      b.callOk(
          Success.exactly(piece.length),
          Syscalls.SENDTO,
          sender,
          b.data(piece),
          piece.length,
          SocketCalls.MSG_DONTWAIT_NOSIGNAL,
          to,
          address.length);
    }
  }

  /** SHUT_RD is 0, SHUT_WR 1, both 2. */
  private static void shutdown(UnixSocket file, FilePlan plan) {
    if (file.shutdown() != 0 && !hasEnded(file)) {
      plan.in(Phase.FINISH).call(Syscalls.SHUTDOWN, plan.number(), file.shutdown() - 1);
    }
  }
}
