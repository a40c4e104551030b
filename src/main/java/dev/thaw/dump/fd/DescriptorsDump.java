package dev.thaw.dump.fd;

import dev.thaw.dump.DumpContext;
import dev.thaw.dump.ProcDir;
import dev.thaw.image.FileKind;
import dev.thaw.image.OpenFile;
import dev.thaw.image.ProcessImage.Descriptor;
import dev.thaw.linux.Kcmp;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The descriptor tables of the tree. Each open file description is dumped once, however many
 * descriptors refer to it; kcmp(2) tells two descriptions of one file apart.
 */
public final class DescriptorsDump {
  private static final String DUMPS = "dev.thaw.dump.fd";

  private final DumpContext context;
  private final Map<FileKind, FileDump> kinds = new EnumMap<>(FileKind.class);
  private final List<OpenFile> files = new ArrayList<>();

  /** Descriptors whose description may be the same: equal inode, flags and position. */
  private final Map<String, List<Known>> known = new HashMap<>();

  private record Known(int pid, int number, int file) {}

  /** Starts with no files. */
  public DescriptorsDump(DumpContext context) {
    this.context = context;
    for (FileKind kind : FileKind.values()) {
      kinds.put(kind, kind.companion(DUMPS, "Dump", FileDump.class));
    }
  }

  /** The table of one stopped process. */
  public List<Descriptor> table(ProcDir proc) throws IOException {
    List<Descriptor> table = new ArrayList<>();
    for (int number : proc.numbers("fd")) {
      OpenedFile file = OpenedFile.of(proc, number);
      table.add(new Descriptor(number, idOf(file), file.closeOnExec()));
    }
    return table;
  }

  /** All descriptions found so far. */
  public List<OpenFile> files() {
    return List.copyOf(files);
  }

  private int idOf(OpenedFile file) throws IOException {
    String key =
        file.device() + ":" + file.inode() + ":" + file.flags() + ":" + file.fdinfo().get("pos");
    List<Known> candidates = known.computeIfAbsent(key, k -> new ArrayList<>());
    for (Known candidate : candidates) {
      if (Kcmp.same(
          candidate.pid(), file.proc().pid(), Kcmp.Type.FILE, candidate.number(), file.number())) {
        return candidate.file();
      }
    }
    int id = files.size() + 1;
    files.add(dump(id, file));
    candidates.add(new Known(file.proc().pid(), file.number(), id));
    return id;
  }

  private OpenFile dump(int id, OpenedFile file) throws IOException {
    for (FileDump kind : kinds.values()) {
      if (kind.claims(file)) {
        return kind.dump(id, file, context);
      }
    }
    throw file.unsupported(
        "this kind of descriptor is not supported yet; close it before the dump");
  }
}
