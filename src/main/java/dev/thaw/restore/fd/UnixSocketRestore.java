package dev.thaw.restore.fd;

import dev.thaw.image.OpenFile;
import dev.thaw.image.file.UnixSocket;
import dev.thaw.image.file.UnixSocket.End;
import dev.thaw.linux.Errno;
import dev.thaw.remote.Program;
import dev.thaw.remote.Program.Success;
import dev.thaw.remote.Syscalls;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * {@link UnixSocket}: a connection is made as a pair. What waits to be received is sent again by
 * the other end before either is shut down or gets its own buffer sizes.
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
      int first = Math.min(file.id(), peer.id());
      FilePlan.SharedObject pair =
          plan.object("unix pair " + first, maker -> pair(file.type(), maker));
      plan.adopt(pair, file.id() == first ? 0 : 1);
      bind(file, plan, Phase.ADOPT);
      send(plan.in(Phase.FILL), plan.number(), peer.queue(), new byte[0]);
    } else if (hasEnded(file)) {
      orphan(file, plan);
    } else {
      single(file, peer, plan);
    }
    shutdown(file, plan);
    SocketCalls.set(plan.in(Phase.FINISH), plan.number(), file.options());
    plan.setStatusFlags(file.flags());
    if (file.listens()) {
      plan.in(Phase.FINISH).call(Syscalls.LISTEN, plan.number(), file.backlog());
    }
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

  private static List<Integer> pair(int type, FilePlan plan) {
    Program.Builder b = plan.in(Phase.CREATE);
    Program.Data ends = b.zeroed(8);
    b.call(
        Syscalls.SOCKETPAIR,
        SocketCalls.AF_UNIX,
        type | SocketCalls.SOCK_NONBLOCK_CLOEXEC,
        0,
        ends);
    int first = plan.temporary();
    int second = plan.temporary();
    plan.moveTo(Phase.CREATE, ends.word32(0), first);
    plan.moveTo(Phase.CREATE, ends.word32(4), second);
    return List.of(first, second);
  }

  /** A connection whose other end has closed: it has closed again in FINISH. */
  private static void orphan(UnixSocket file, FilePlan plan) {
    FilePlan.SharedObject pair =
        plan.object("unix orphan " + file.id(), maker -> pair(file.type(), maker));
    plan.adopt(pair, SURVIVOR);
    Program.Builder b = plan.in(Phase.FILL);
    send(b, pair.ends().get(GONE), file.queue(), new byte[0]);
    if (file.end() == End.RESET) {
      send(b, plan.number(), List.of(new byte[1]), new byte[0]);
    }
  }

  private static void single(UnixSocket file, UnixSocket peer, FilePlan plan) {
    plan.place(
        Phase.CREATE,
        plan.in(Phase.CREATE).call(Syscalls.SOCKET, SocketCalls.AF_UNIX, file.type(), 0));
    bind(file, plan, Phase.CREATE);
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

  private static void bind(UnixSocket file, FilePlan plan, Phase phase) {
    if (file.name().isEmpty()) {
      return;
    }
    Program.Builder b = plan.in(phase);
    byte[] address = SocketCalls.unixAddress(file.name());
    if (!file.hasPath()) {
      b.call(Syscalls.BIND, plan.number(), b.data(address), address.length);
      return;
    }
    byte[] name = (file.name() + "\0").getBytes(StandardCharsets.ISO_8859_1);
    Program.Data path = b.data(name);
    if (file.file().linked()) {
      b.callOk(Success.orErrno(Errno.ENOENT), Syscalls.UNLINK, path);
    }
    b.call(Syscalls.BIND, plan.number(), b.data(address), address.length);
    if (file.file().linked()) {
      b.call(Syscalls.LCHOWN, path, file.file().uid(), file.file().gid());
      b.call(Syscalls.CHMOD, path, file.file().mode());
    } else {
      b.call(Syscalls.UNLINK, path);
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
