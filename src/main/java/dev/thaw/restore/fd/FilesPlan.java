package dev.thaw.restore.fd;

import dev.thaw.image.FileKind;
import dev.thaw.image.Files;
import dev.thaw.image.OpenFile;
import dev.thaw.image.ProcessImage;
import dev.thaw.image.ProcessImage.Descriptor;
import dev.thaw.image.SharedMemory;
import dev.thaw.image.SignalOwner;
import dev.thaw.remote.Program;
import dev.thaw.remote.Syscalls;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.IntFunction;

/**
 * Compiles the descriptors of the whole tree: each open file description is made once, by the first
 * process that has it, and the others take it from there.
 */
public final class FilesPlan {
  private static final String RESTORES = "dev.thaw.restore.fd";
  private static final int O_CLOEXEC = 02000000;

  private final List<ProcessImage> processes;
  private final Files image;
  private final List<OpenFile> files;
  private final Map<Integer, Map<Phase, Program.Builder>> programs = new LinkedHashMap<>();
  private final Map<Integer, FilePlan> creators = new HashMap<>();
  private final Map<String, FilePlan.SharedObject> objects = new HashMap<>();
  private final Map<Integer, Integer> temporaries = new HashMap<>();
  private final int firstTemporary;
  private IntFunction<String> memoryPath;

  /**
   * Chooses who makes what.
   *
   * @param processes parents before children
   */
  public FilesPlan(List<ProcessImage> processes, Files image) {
    this.processes = processes;
    this.image = image;
    this.files = image.files();
    this.firstTemporary =
        1
            + processes.stream()
                .flatMap(p -> p.descriptors().stream())
                .mapToInt(Descriptor::number)
                .max()
                .orElse(2);
    for (ProcessImage process : processes) {
      Map<Phase, Program.Builder> builders = new EnumMap<>(Phase.class);
      for (Phase phase : Phase.values()) {
        builders.put(phase, Program.builder("descriptors: " + phase.name().toLowerCase()));
      }
      programs.put(process.pid(), builders);
      temporaries.put(process.pid(), firstTemporary);
    }
    chooseCreators();
  }

  /**
   * Compiles.
   *
   * @param path a path that opens the shared memory with this id anew, or null if it is empty
   */
  public void compile(IntFunction<String> path) {
    this.memoryPath = path;
    for (OpenFile file : files) {
      if (creators.containsKey(file.id())) {
        plan(file);
      }
    }
    for (SignalOwner owner : image.signalOwners()) {
      files.stream()
          .filter(f -> f.id() == owner.file() && creators.containsKey(f.id()))
          .forEach(f -> SignalOwners.set(owner, f.flags(), creators.get(f.id())));
    }
    share();
  }

  private void chooseCreators() {
    Map<Integer, OpenFile> byId = new HashMap<>();
    files.forEach(f -> byId.put(f.id(), f));
    for (ProcessImage process : processes) {
      for (Descriptor d : process.descriptors()) {
        OpenFile file = byId.get(d.file());
        if (file == null) {
          throw new IllegalArgumentException(
              "pid " + process.pid() + ": fd " + d.number() + " refers to no file");
        }
        creators.putIfAbsent(
            d.file(), new FilePlan(this, file, process.pid(), d.number(), d.closeOnExec()));
      }
    }
  }

  private void plan(OpenFile file) {
    planAs(FileKind.of(file), file);
  }

  @SuppressWarnings("unchecked") // the registry pairs each record with its own restorer
  private <T extends OpenFile> void planAs(FileKind kind, T file) {
    FileRestore<T> restore = kind.companion(RESTORES, "Restore", FileRestore.class);
    restore.plan(file, creators.get(file.id()));
  }

  private void share() {
    for (ProcessImage process : processes) {
      Program.Builder b = program(process.pid(), Phase.SHARE);
      for (Descriptor d : process.descriptors()) {
        FilePlan creator = creators.get(d.file());
        if (creator.pid() == process.pid() && creator.number() == d.number()) {
          continue;
        }
        b.note("fd " + d.number() + ": same as fd " + creator.number() + " of " + creator.pid());
        if (creator.pid() == process.pid()) {
          b.call(Syscalls.DUP3, creator.number(), d.number(), d.closeOnExec() ? O_CLOEXEC : 0);
        } else {
          FilePlan.take(b, creator.pid(), creator.number(), d.number(), d.closeOnExec());
        }
      }
    }
  }

  /** The program that {@code pid} runs in {@code phase}. */
  public Program.Builder program(int pid, Phase phase) {
    return programs.get(pid).get(phase);
  }

  /** Descriptor numbers from here on are free in every process when all phases have run. */
  public int firstFreeNumber() {
    return temporaries.values().stream().mapToInt(i -> i).max().orElse(firstTemporary);
  }

  /**
   * Whether an open file is shared memory {@code object}: its content is reached by read(2) too.
   */
  public boolean refersTo(int object) {
    return files.stream().anyMatch(f -> f.sharedMemory() == object);
  }

  List<OpenFile> files() {
    return files;
  }

  String memoryPath(int object) {
    return memoryPath.apply(object);
  }

  SharedMemory memory(int object) {
    return image.sharedMemory().stream().filter(m -> m.id() == object).findFirst().orElseThrow();
  }

  ProcessImage process(int pid) {
    return processes.stream().filter(p -> p.pid() == pid).findFirst().orElseThrow();
  }

  int temporary(int pid) {
    return temporaries.merge(pid, 1, Integer::sum) - 1;
  }

  boolean hasProcess(int pid) {
    return programs.containsKey(pid);
  }

  FilePlan.SharedObject object(
      String key, FilePlan plan, Phase closed, Function<FilePlan, List<Integer>> maker) {
    FilePlan.SharedObject known = objects.get(key);
    if (known != null) {
      return new FilePlan.SharedObject(known.pid(), known.ends(), false);
    }
    FilePlan.SharedObject made =
        new FilePlan.SharedObject(plan.pid(), new ArrayList<>(maker.apply(plan)), true);
    objects.put(key, made);
    made.ends().forEach(end -> plan.in(closed).call(Syscalls.CLOSE, end));
    return made;
  }

  int numberIn(int pid, int file) {
    for (ProcessImage process : processes) {
      if (process.pid() == pid) {
        for (Descriptor d : process.descriptors()) {
          if (d.file() == file) {
            return d.number();
          }
        }
      }
    }
    return -1;
  }

  /** A lower bound for a passing number that cannot be {@code number}. */
  static int highNumber(int number) {
    return number + 1;
  }
}
