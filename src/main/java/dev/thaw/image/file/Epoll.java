package dev.thaw.image.file;

import dev.thaw.image.Addr;
import dev.thaw.image.OpenFile;
import java.util.List;

/** An epoll instance and what it watches. */
public record Epoll(int id, int flags, List<Interest> interests) implements OpenFile {
  /**
   * One watched file.
   *
   * @param pid a process that has both the epoll and the file
   * @param number the file's number there, by which epoll_ctl(2) knows it
   * @param file id of the watched file
   * @param events EPOLL*, unsigned 32 bits
   * @param data what epoll_wait(2) returns with it
   */
  public record Interest(int pid, int number, int file, long events, Addr data) {
    /** Validates. */
    public Interest {
      if (number < 0 || events < 0 || events > 0xffffffffL) {
        throw new IllegalArgumentException("epoll watching fd " + number + " for " + events);
      }
    }
  }

  /** Validates. */
  public Epoll {
    interests = List.copyOf(interests);
  }

  @Override
  public String describe() {
    return "epoll";
  }
}
