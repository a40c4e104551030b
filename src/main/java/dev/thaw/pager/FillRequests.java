package dev.thaw.pager;

import dev.thaw.linux.EventFd;
import dev.thaw.store.Joining;
import java.io.IOException;
import java.lang.System.Logger;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Takes the requests of thaw-pager's readers out of their rings, has the filler fill the pages, and
 * rings the reader's bell when they are there. One thread; a request is always answered by a ring,
 * and the reader then looks for itself.
 */
final class FillRequests implements AutoCloseable {
  private static final Logger LOG = System.getLogger(FillRequests.class.getName());

  /** A ring that a dying JVM has taken and not answered must not be waited for. */
  private static final int LOOK_MILLIS = 200;

  private final InitConnection init;
  private final SessionTable table;
  private final FrameMap map;
  private final Filler filler;
  private final EventFd bell;
  private final Thread thread;
  private final Map<Integer, SpaceBell> bells = new HashMap<>();
  private final List<EventFd> opened = new ArrayList<>();
  private volatile boolean closed;

  /** The bell of a space; the space of that number may be another one later. */
  private record SpaceBell(int generation, EventFd bell) {}

  FillRequests(InitConnection init, SessionTable table, FrameMap map, Filler filler, EventFd bell) {
    this.init = init;
    this.table = table;
    this.map = map;
    this.filler = filler;
    this.bell = bell;
    thread = new Thread(this::work, "fill-requests");
    thread.setDaemon(true);
    thread.start();
  }

  private void work() {
    while (!closed) {
      boolean idle = true;
      for (int space = 0; space < table.spaceCount(); space++) {
        SessionTable.Request request;
        while ((request = table.takeRequest(space)) != null) {
          idle = false;
          answer(request);
        }
      }
      if (idle) {
        bell.await(LOOK_MILLIS);
      }
    }
  }

  private void answer(SessionTable.Request request) {
    int frame = map.frameOf(request.index());
    EventFd reader = bellOf(request.space());
    if (frame < 0) {
      throw new IllegalStateException("no frame fills page index " + request.index());
    }
    filler
        .demand(frame, request.refill(), true)
        .whenComplete(
            (done, failure) -> {
              if ((table.page(request.index()) & Tables.PAGE_POISONED) != 0) {
                LOG.log(
                    Logger.Level.ERROR,
                    String.format(
                        "pid %d: page %#x is lost with frame %d; it gets SIGBUS",
                        table.ref(request.space(), Tables.REF_PID), request.address(), frame));
              }
              if (reader != null) {
                reader.ring();
              }
            });
  }

  /** Null where the process is gone, or thaw-init: a reader without a bell looks every 20 ms. */
  private EventFd bellOf(int space) {
    int generation = table.ref(space, Tables.REF_GENERATION);
    SpaceBell known = bells.get(space);
    if (known != null && known.generation() == generation) {
      return known.bell();
    }
    // The old one stays open until the end: its ring may be under way. They are few.
    int number = table.ref(space, Tables.REF_FILLED_EVENTFD);
    try {
      EventFd fresh = EventFd.of(init.descriptor(number));
      opened.add(fresh);
      bells.put(space, new SpaceBell(generation, fresh));
      return fresh;
    } catch (IOException e) {
      LOG.log(Logger.Level.DEBUG, "no bell of space " + space, e);
      return null;
    }
  }

  /** Takes no more requests. Those it has taken are still answered, as long as the filler lives. */
  void end() {
    closed = true;
    bell.ring();
    Joining.join(thread);
  }

  /** Ends it. The filler must have been closed: it rings the bells. */
  @Override
  public void close() {
    end();
    opened.forEach(EventFd::close);
  }
}
