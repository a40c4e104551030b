package dev.thaw.image.file;

import dev.thaw.image.OpenFile;
import dev.thaw.image.SocketSetting;
import java.util.List;

/**
 * A socket of unix(7).
 *
 * @param type SOCK_STREAM 1, SOCK_DGRAM 2, SOCK_SEQPACKET 5
 * @param name what it is bound to, one character a byte: a path, or an abstract name, which begins
 *     with {@code \0}; empty if it is not bound
 * @param file of a path: the file that stands for it
 * @param backlog of a listener, else -1
 * @param peer the {@link OpenFile} it is connected to, or 0
 * @param end what a connection has come to if {@code peer} is 0
 * @param credentials SO_PEERCRED: of a listener its own, as those see who connect
 * @param shutdown 1 = no more to receive, 2 = no more to send
 * @param queue what waits to be received: one piece of a stream, or one per datagram or packet
 * @param options that differ from a new socket's
 */
public record UnixSocket(
    int id,
    int flags,
    int type,
    String name,
    NameFile file,
    int backlog,
    int peer,
    End end,
    PeerCredentials credentials,
    int shutdown,
    List<byte[]> queue,
    List<SocketSetting> options)
    implements OpenFile {
  public static final int SOCK_STREAM = 1;
  public static final int SOCK_DGRAM = 2;
  public static final int SOCK_SEQPACKET = 5;
  private static final int MAX_NAME = 108;

  /** How a connection whose other end is gone has ended. */
  public enum End {
    /** It has not: it is connected, or never was. */
    NONE,
    /** The peer has read everything before it closed. */
    CLOSED,
    /** The peer has left something unread: ECONNRESET is still to be told. */
    RESET
  }

  /**
   * Who called socketpair(2), connect(2) or listen(2): struct ucred.
   *
   * @param pid 0 if there is none
   */
  public record PeerCredentials(int pid, int uid, int gid) {
    /** Whether anybody did. */
    public boolean present() {
      return pid != 0;
    }
  }

  /**
   * The file of a path name.
   *
   * @param linked whether the path leads to it; else it was removed and the name is only told
   */
  public record NameFile(boolean linked, int mode, int uid, int gid) {
    /** That of a socket without a path. */
    public static final NameFile NONE = new NameFile(false, 0, 0, 0);
  }

  /** Validates. */
  public UnixSocket {
    queue = List.copyOf(queue);
    options = List.copyOf(options);
    if (type != SOCK_STREAM && type != SOCK_DGRAM && type != SOCK_SEQPACKET) {
      throw new IllegalArgumentException("UNIX socket of type " + type);
    }
    if (name.length() > MAX_NAME || name.chars().anyMatch(c -> c > 0xff)) {
      throw new IllegalArgumentException("name of a UNIX socket: " + name);
    }
    if (name.indexOf('\0') > 0) {
      throw new IllegalArgumentException("path with a zero byte");
    }
    if (shutdown < 0 || shutdown > 3 || backlog < -1) {
      throw new IllegalArgumentException("shutdown " + shutdown + ", backlog " + backlog);
    }
  }

  /** Whether it is bound to a path. */
  public boolean hasPath() {
    return !name.isEmpty() && name.charAt(0) != '\0';
  }

  /** Whether two sockets of this type are connected by connect(2) to a listener. */
  public boolean connects() {
    return type != SOCK_DGRAM;
  }

  /** Whether it listens. */
  public boolean listens() {
    return backlog >= 0;
  }

  @Override
  public String describe() {
    String shown = name.isEmpty() ? "" : " " + name.replace('\0', '@');
    return "UNIX socket" + shown;
  }
}
