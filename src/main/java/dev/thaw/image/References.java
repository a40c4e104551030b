package dev.thaw.image;

import dev.thaw.image.Manifest.TreeNode;
import dev.thaw.image.ProcessImage.Descriptor;
import dev.thaw.image.file.Epoll;
import dev.thaw.image.file.MemoryFile;
import dev.thaw.image.file.Pipe;
import dev.thaw.image.file.ProcessFd;
import dev.thaw.image.file.RegularFile;
import dev.thaw.image.file.UnixSocket;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What the records of a checkpoint say of each other: that every reference leads to something of
 * the right kind. A record checks itself; this sees all of them.
 *
 * <p>So whoever follows a reference afterwards need not think of one that leads nowhere.
 */
public final class References {
  private final Manifest manifest;
  private final Files files;
  private final Map<Integer, ProcessImage> processes;
  private final Map<Integer, OpenFile> open = new HashMap<>();
  private final Map<Integer, SharedMemory> shared = new HashMap<>();
  private final Map<Integer, Set<Integer>> filesOf = new HashMap<>();
  private final Map<Long, String> pipes = new HashMap<>();
  private final Set<String> sharedFiles = new HashSet<>();

  private References(Manifest manifest, Files files, Map<Integer, ProcessImage> processes) {
    this.manifest = manifest;
    this.files = files;
    this.processes = processes;
    files.files().forEach(file -> open.put(file.id(), file));
    files.sharedMemory().forEach(memory -> shared.put(memory.id(), memory));
  }

  /**
   * Follows all references.
   *
   * @param processes the living ones, by pid
   * @throws ImageFormatException names the file with the first one that is wrong
   */
  public static void check(Manifest manifest, Files files, Map<Integer, ProcessImage> processes)
      throws ImageFormatException {
    References references = new References(manifest, files, processes);
    references.tree();
    for (ProcessImage process : processes.values()) {
      references.process(process);
    }
    for (OpenFile file : files.files()) {
      references.file(file);
    }
    for (KeptFile file : files.keptFiles()) {
      require(
          references.sharedFiles.contains(file.path()),
          Files.FILE,
          "no process maps " + file.path());
    }
    for (SignalOwner owner : files.signalOwners()) {
      references.owner(owner);
    }
  }

  private static void require(boolean right, String file, String otherwise)
      throws ImageFormatException {
    if (!right) {
      throw new ImageFormatException(file + ": " + otherwise);
    }
  }

  /** Only the living have children; no number stands for two tasks. */
  private void tree() throws ImageFormatException {
    Set<Integer> tasks = new HashSet<>();
    List<TreeNode> nodes = manifest.processes();
    for (TreeNode node : nodes) {
      require(
          node == nodes.get(0) ? !node.zombie() : processes.containsKey(node.ppid()),
          Manifest.FILE,
          "process " + node.pid() + " needs a process that lives");
      tasks.add(node.pid());
    }
    for (ProcessImage process : processes.values()) {
      for (ThreadImage thread : process.threads().subList(1, process.threads().size())) {
        require(tasks.add(thread.tid()), name(process), "tid " + thread.tid() + " is used twice");
      }
    }
  }

  private static String name(ProcessImage process) {
    return ProcessImage.fileName(process.pid());
  }

  private void process(ProcessImage process) throws ImageFormatException {
    Set<Integer> own = new HashSet<>();
    for (Descriptor descriptor : process.descriptors()) {
      require(
          open.containsKey(descriptor.file()),
          name(process),
          "fd " + descriptor.number() + " refers to no file");
      own.add(descriptor.file());
    }
    filesOf.put(process.pid(), own);
    for (Vma vma : process.mm().vmas()) {
      if (vma.backing() instanceof Vma.Backing.Shared part) {
        SharedMemory memory = memory(name(process), part.object(), false);
        require(
            part.offsetBytes() < memory.sizeBytes(),
            name(process),
            "the mapping at " + vma.start() + " begins behind the end of shared memory");
        sameSize(process, vma, 0, memory);
      } else if (vma.backing() instanceof Vma.Backing.SysV part) {
        memory(name(process), part.object(), true);
      } else if (vma.backing() instanceof Vma.Backing.Huge part && !part.anonymous()) {
        SharedMemory memory = memory(name(process), part.object(), false);
        sameSize(process, vma, part.pageBytes(), memory);
      } else if (vma.backing() instanceof Vma.Backing.MappedFile file && !file.privately()) {
        sharedFiles.add(file.file().path());
      }
    }
  }

  private static void sameSize(
      ProcessImage process, Vma vma, long hugePageBytes, SharedMemory memory)
      throws ImageFormatException {
    require(
        hugePageBytes == memory.hugePageBytes(),
        name(process),
        "the mapping at " + vma.start() + " has pages of another size than its shared memory");
  }

  private SharedMemory memory(String file, int object, boolean sysv) throws ImageFormatException {
    SharedMemory memory = shared.get(object);
    require(
        memory != null && (memory.kind() == SharedMemory.Kind.SYSV) == sysv,
        file,
        "shared memory " + object + (memory == null ? " is not there" : " is of another kind"));
    return memory;
  }

  private void file(OpenFile file) throws ImageFormatException {
    if (file instanceof MemoryFile memory) {
      memory(Files.FILE, memory.object(), false);
    } else if (file instanceof ProcessFd pidfd) {
      require(
          manifest.processes().stream().anyMatch(node -> node.pid() == pidfd.pid()),
          Files.FILE,
          "pidfd " + file.id() + " of " + pidfd.pid() + ", which is not in the tree");
    } else if (file instanceof RegularFile regular) {
      for (FileLock lock : regular.locks()) {
        if (lock.kind() == FileLock.Kind.POSIX) {
          held(file, lock.pid());
        }
      }
    } else if (file instanceof Epoll epoll) {
      for (Epoll.Interest interest : epoll.interests()) {
        held(file, interest.pid());
        held(open.get(interest.file()), interest.pid());
      }
    } else if (file instanceof UnixSocket socket) {
      connection(socket);
    } else if (file instanceof Pipe pipe) {
      require(
          pipes.computeIfAbsent(pipe.pipe(), number -> pipe.path()).equals(pipe.path()),
          Files.FILE,
          "the ends of pipe " + pipe.pipe() + " have different paths");
    }
  }

  /** {@code pid} has a descriptor of {@code file}. */
  private void held(OpenFile file, int pid) throws ImageFormatException {
    require(
        file != null && filesOf.getOrDefault(pid, Set.of()).contains(file.id()),
        Files.FILE,
        "process " + pid + " has no descriptor of a file that it is said to have");
  }

  /** A signal that is not meant for the tree would hit whoever has the number by then. */
  private void owner(SignalOwner owner) throws ImageFormatException {
    require(
        open.containsKey(owner.file()),
        Files.FILE,
        "signals of file " + owner.file() + ", which is not there");
    require(
        owner.owner() == 0 || processes.containsKey(owner.owner()),
        Files.FILE,
        "signals of file "
            + owner.file()
            + " go to "
            + owner.owner()
            + ", which is not in the tree");
  }

  private void connection(UnixSocket socket) throws ImageFormatException {
    if (socket.peer() == 0) {
      return;
    }
    OpenFile other = open.get(socket.peer());
    boolean fits =
        other instanceof UnixSocket peer
            && peer.type() == socket.type()
            && (peer.peer() == socket.id() || !peer.name().isEmpty());
    require(
        fits && socket.end() == UnixSocket.End.NONE,
        Files.FILE,
        "file " + socket.id() + " is connected to " + socket.peer() + ", which cannot be");
  }
}
