package dev.thaw.restore;

import dev.thaw.remote.Program;
import dev.thaw.remote.RemoteException;
import dev.thaw.remote.RemoteProcess;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Programs that wait to be run as one: every run costs two switches between processes, which is
 * more than most programs take. The calls of all tasks stay in the order in which they were added.
 */
final class ProgramQueue {
  private static final int ALIGNMENT = 8;

  private final List<Program> waiting = new ArrayList<>();
  private RemoteProcess task;
  private long bytes;

  /** Adds a program; those of another task are run first. */
  void add(RemoteProcess runner, Program program) throws RemoteException {
    if (program.ops().isEmpty()) {
      return;
    }
    if (task != runner || bytes + program.bytes() + ALIGNMENT > runner.programBytes()) {
      flush();
    }
    task = runner;
    waiting.add(program);
    bytes += program.bytes() + ALIGNMENT;
  }

  /** Runs what waits. */
  void flush() throws RemoteException {
    if (!waiting.isEmpty()) {
      task.run(taken());
    }
  }

  /** Adds the last program of a task, and runs what waits. */
  void runLast(RemoteProcess runner, Program program) throws RemoteException {
    add(runner, program);
    if (task != runner) {
      flush(); // there was nothing to be added
      task = runner;
    }
    RemoteProcess.runLast(Map.of(runner, taken()));
  }

  private Program taken() {
    Program all = Program.inOrder(waiting);
    waiting.clear();
    bytes = 0;
    return all;
  }
}
