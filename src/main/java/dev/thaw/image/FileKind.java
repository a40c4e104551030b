package dev.thaw.image;

import dev.thaw.image.file.CharDevice;
import dev.thaw.image.file.Epoll;
import dev.thaw.image.file.EventFd;
import dev.thaw.image.file.InetSocket;
import dev.thaw.image.file.Inotify;
import dev.thaw.image.file.MemoryFile;
import dev.thaw.image.file.Pipe;
import dev.thaw.image.file.ProcessFd;
import dev.thaw.image.file.RegularFile;
import dev.thaw.image.file.SignalFd;
import dev.thaw.image.file.TimerFd;
import dev.thaw.image.file.UnixSocket;

/**
 * The registry of descriptor kinds: one line a kind, in the order in which a dump asks them.
 *
 * <p>A kind {@code X} is three files: its record {@code image.file.X}, {@code dump.fd.XDump} and
 * {@code restore.fd.XRestore}; the latter two are found by these names.
 */
public enum FileKind {
  CHAR_DEVICE(CharDevice.class),
  PIPE(Pipe.class),
  EVENT_FD(EventFd.class),
  EPOLL(Epoll.class),
  TIMER_FD(TimerFd.class),
  SIGNAL_FD(SignalFd.class),
  INOTIFY(Inotify.class),
  PROCESS_FD(ProcessFd.class),
  INET_SOCKET(InetSocket.class),
  UNIX_SOCKET(UnixSocket.class),
  MEMORY_FILE(MemoryFile.class),
  REGULAR_FILE(RegularFile.class);

  private final Class<? extends OpenFile> type;

  FileKind(Class<? extends OpenFile> type) {
    this.type = type;
  }

  /** The record in {@code image.file}. */
  public Class<? extends OpenFile> type() {
    return type;
  }

  /** The name in JSON: that of the record. */
  public String jsonName() {
    return type.getSimpleName();
  }

  /**
   * The class of this kind's other half.
   *
   * @param packageName {@code dev.thaw.dump.fd} or {@code dev.thaw.restore.fd}
   * @param suffix {@code Dump} or {@code Restore}
   */
  public <T> T companion(String packageName, String suffix, Class<T> type) {
    String name = packageName + "." + jsonName() + suffix;
    try {
      return type.cast(Class.forName(name).getDeclaredConstructor().newInstance());
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("kind " + this + " lacks " + name, e);
    }
  }

  /** The kind whose record {@code file} is. */
  public static FileKind of(OpenFile file) {
    for (FileKind kind : values()) {
      if (kind.type == file.getClass()) {
        return kind;
      }
    }
    throw new IllegalStateException("unregistered " + file.getClass());
  }

  /**
   * The kind of that name in JSON.
   *
   * @throws IllegalArgumentException if there is none
   */
  static FileKind named(String jsonName) {
    for (FileKind kind : values()) {
      if (kind.jsonName().equals(jsonName)) {
        return kind;
      }
    }
    throw new IllegalArgumentException("unknown kind of file: " + jsonName);
  }
}
