package dev.thaw.dump.fd;

import dev.thaw.dump.DumpContext;
import dev.thaw.dump.ProcDir;
import dev.thaw.image.FileKind;
import dev.thaw.image.OpenFile;
import dev.thaw.image.ProcessImage.Descriptor;
import dev.thaw.image.SignalOwner;
import dev.thaw.image.file.RegularFile;
import dev.thaw.linux.Kcmp;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntPredicate;

/**
 * The descriptor tables of the tree. First every {@link #table} is read, then {@link #describe}
 * makes the records: each open file description is dumped once, however many descriptors refer to
 * it; kcmp(2) tells two descriptions of one file apart.
 */
public final class DescriptorsDump {
  private static final String DUMPS = "dev.thaw.dump.fd";

  private final OpenedFiles tree;
  private final Map<FileKind, FileDump> kinds = new EnumMap<>(FileKind.class);
  private final List<OpenFile> files = new ArrayList<>();
  private final List<SignalOwner> signalOwners = new ArrayList<>();

  /** Descriptions that may be the same: equal inode, flags and position. */
  private final Map<String, List<OpenedFiles.Entry>> known = new HashMap<>();

  /** Starts with no files. */
  public DescriptorsDump(DumpContext context) {
    tree = new OpenedFiles(context);
    for (FileKind kind : FileKind.values()) {
      kinds.put(kind, kind.companion(DUMPS, "Dump", FileDump.class));
    }
  }

  /** The table of one stopped process. */
  public List<Descriptor> table(ProcDir proc) throws IOException {
    return table(proc, number -> true);
  }

  /** The part of the table with numbers that {@code wanted} names. */
  List<Descriptor> table(ProcDir proc, IntPredicate wanted) throws IOException {
    tree.addProcess(proc.pid());
    List<Descriptor> table = new ArrayList<>();
    for (int number : proc.numbers("fd").stream().filter(wanted::test).toList()) {
      OpenedFile file = OpenedFile.of(proc, number);
      FileLocksDump.refuseLease(file);
      table.add(new Descriptor(number, idOf(file), file.closeOnExec()));
    }
    return table;
  }

  /**
   * Describes every file of all tables. Changes nothing.
   *
   * @throws dev.thaw.dump.UnsupportedResourceException if one cannot be rebuilt
   */
  public void describe() throws IOException {
    for (OpenedFiles.Entry entry : tree.entries().subList(files.size(), tree.entries().size())) {
      OpenFile file = dump(entry.id(), entry.file());
      if (!(file instanceof RegularFile)) {
        FileLocksDump.refuse(entry);
      }
      files.add(file);
      SignalOwnerDump.of(entry, tree).ifPresent(signalOwners::add);
    }
  }

  /** Who is told by signals that a file is ready. */
  public List<SignalOwner> signalOwners() {
    return List.copyOf(signalOwners);
  }

  /** All descriptions. */
  public List<OpenFile> files() {
    if (files.size() != tree.entries().size()) {
      throw new IllegalStateException("tables were read that have not been described");
    }
    return List.copyOf(files);
  }

  private int idOf(OpenedFile file) throws IOException {
    String key =
        file.device() + ":" + file.inode() + ":" + file.flags() + ":" + file.fdinfo().get("pos");
    List<OpenedFiles.Entry> candidates = known.computeIfAbsent(key, k -> new ArrayList<>());
    for (OpenedFiles.Entry candidate : candidates) {
      if (Kcmp.same(
          candidate.file().proc().pid(),
          file.proc().pid(),
          Kcmp.Type.FILE,
          candidate.file().number(),
          file.number())) {
        tree.addHolder(candidate, file);
        return candidate.id();
      }
    }
    OpenedFiles.Entry entry = tree.add(file);
    candidates.add(entry);
    tree.addHolder(entry, file);
    return entry.id();
  }

  private OpenFile dump(int id, OpenedFile file) throws IOException {
    for (FileDump kind : kinds.values()) {
      if (kind.claims(file)) {
        return kind.dump(id, file, tree);
      }
    }
    throw file.unsupported(
        "this kind of descriptor is not supported yet; close it before the dump");
  }
}
