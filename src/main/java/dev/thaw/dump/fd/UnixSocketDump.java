package dev.thaw.dump.fd;

import dev.thaw.image.OpenFile;
import dev.thaw.image.SocketOption;
import dev.thaw.image.SocketOption.Level;
import dev.thaw.image.file.UnixSocket;
import dev.thaw.image.file.UnixSocket.End;
import dev.thaw.image.file.UnixSocket.NameFile;
import dev.thaw.image.file.UnixSocket.PeerCredentials;
import dev.thaw.linux.Fcntl;
import dev.thaw.linux.Fd;
import dev.thaw.linux.SocketQueue;
import dev.thaw.linux.Sockets;
import dev.thaw.linux.UnixDiag;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** {@link UnixSocket}: listeners, datagram sockets, and connections with both ends in the tree. */
public final class UnixSocketDump implements FileDump {
  /** sun_family, before the name. */
  private static final int FAMILY_BYTES = 2;

  /** Sending the queues again needs room. */
  private static final Set<SocketOption> SENDING =
      EnumSet.of(SocketOption.SO_SNDBUF, SocketOption.SO_BUF_LOCK);

  @Override
  public boolean claims(OpenedFile file) throws IOException {
    if (!file.link().startsWith("socket:[")) {
      return false;
    }
    try (Fd own = file.take()) {
      return Sockets.number(own, Sockets.SOL_SOCKET, Sockets.SO_DOMAIN) == Sockets.AF_UNIX;
    }
  }

  @Override
  public OpenFile dump(int id, OpenedFile file, OpenedFiles tree) throws IOException {
    UnixDiag diag = UnixDiag.of(file.inode());
    try (Fd own = file.take()) {
      int type = Sockets.number(own, Sockets.SOL_SOCKET, Sockets.SO_TYPE);
      if (diag.listens() && (Fcntl.poll(own, Fcntl.POLLIN) & Fcntl.POLLIN) != 0) {
        throw file.unsupported("connections wait to be accepted; dump when there are none");
      }
      String name = name(own);
      int peer = diag.peer() > 0 ? peer(file, diag, tree) : 0;
      boolean mutual = peer != 0 && isMutual(file, diag);
      if (type != UnixSocket.SOCK_DGRAM && diag.peer() >= 0) {
        UnixConnectionCheck.requireRebuildable(file, name, diag, tree);
      }
      if (peer != 0 && !mutual && Sockets.peer(own).length <= FAMILY_BYTES) {
        throw file.unsupported("it sends to a socket without a name; close it before the dump");
      }
      try (Fd like = Sockets.open(Sockets.AF_UNIX, type, 0)) {
        return new UnixSocket(
            id,
            file.flags(),
            type,
            name,
            nameFile(file, name, diag, tree),
            diag.listens() ? diag.backlog() : -1,
            peer,
            diag.peer() == 0 ? end(own) : End.NONE,
            credentials(own),
            diag.shutdown(),
            diag.listens() ? List.of() : queue(file, own, type, mutual),
            SocketOptionsDump.of(file, own, like, EnumSet.of(Level.SOCKET), SENDING));
      }
    }
  }

  private static PeerCredentials credentials(Fd own) throws IOException {
    int[] peer = Sockets.peerCredentials(own);
    return new PeerCredentials(peer[0], peer[1], peer[2]);
  }

  private static String name(Fd own) throws IOException {
    byte[] address = Sockets.name(own);
    String name =
        new String(
            address,
            FAMILY_BYTES,
            Math.max(0, address.length - FAMILY_BYTES),
            StandardCharsets.ISO_8859_1);
    boolean path = !name.isEmpty() && name.charAt(0) != '\0';
    return path && name.endsWith("\0") ? name.substring(0, name.length() - 1) : name;
  }

  private static int peer(OpenedFile file, UnixDiag diag, OpenedFiles tree) throws IOException {
    Optional<OpenedFiles.Entry> peer =
        tree.entries().stream()
            .filter(e -> e.file().inode() == diag.peer() && e.file().device() == file.device())
            .findFirst();
    if (peer.isEmpty()) {
      throw file.unsupported(
          "it is connected to a UNIX socket outside the tree; close it before the dump, or dump the"
              + " process at the other end too");
    }
    return peer.get().id();
  }

  private static boolean isMutual(OpenedFile file, UnixDiag diag) throws IOException {
    return UnixDiag.of(diag.peer()).peer() == file.inode();
  }

  /** What a name of the file system leads to now, with ino, mode, uid and gid; or nothing. */
  static Optional<Map<String, Object>> fileOf(OpenedFile file, String name) throws IOException {
    Path directory = file.proc().path(name.charAt(0) == '/' ? "root" : "cwd");
    String text = new String(name.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
    try {
      return Optional.of(
          Files.readAttributes(
              Path.of(directory + "/" + text), "unix:ino,mode,uid,gid", LinkOption.NOFOLLOW_LINKS));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
  }

  private static NameFile nameFile(OpenedFile file, String name, UnixDiag diag, OpenedFiles tree)
      throws IOException {
    if (name.isEmpty() || name.charAt(0) == '\0') {
      return NameFile.NONE;
    }
    Optional<Map<String, Object>> found = fileOf(file, name);
    if (found.isEmpty()) {
      return NameFile.NONE;
    }
    Map<String, Object> stat = found.get();
    boolean linked = UnixConnectionCheck.leadsTo(file, name, stat, diag, tree);
    return new NameFile(
        linked, (int) stat.get("mode") & 07777, (int) stat.get("uid"), (int) stat.get("gid"));
  }

  private static End end(Fd own) throws IOException {
    return (Fcntl.poll(own, Fcntl.POLLIN) & Fcntl.POLLERR) != 0 ? End.RESET : End.CLOSED;
  }

  private static List<byte[]> queue(OpenedFile file, Fd own, int type, boolean mutual)
      throws IOException {
    List<byte[]> pieces = new ArrayList<>();
    int bytes = 0;
    for (SocketQueue.Message message :
        type == UnixSocket.SOCK_STREAM ? SocketQueue.stream(own) : SocketQueue.messages(own)) {
      if (message.carriesDescriptors()) {
        throw file.unsupported(
            "descriptors wait to be received (SCM_RIGHTS); dump when the program has taken them");
      }
      if (message.carriesMore()) {
        throw file.unsupported(
            "messages wait to be received, and the program asks who sent them (SO_PASSCRED or the"
                + " like), which cannot be told again; dump when it has read them");
      }
      if (message.from().length > 0 && !mutual) {
        throw file.unsupported(
            "a datagram of a sender with a name waits to be received; dump when the program has"
                + " read it");
      }
      pieces.add(message.bytes());
      bytes += message.bytes().length;
    }
    if (type == UnixSocket.SOCK_STREAM && bytes != Fcntl.readableBytes(own)) {
      throw file.unsupported("what waits to be received cannot be seen as a whole");
    }
    return pieces;
  }
}
