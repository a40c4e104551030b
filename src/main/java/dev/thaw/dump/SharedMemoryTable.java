package dev.thaw.dump;

import dev.thaw.image.SharedMemory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The memory that mappings and descriptors of the tree share, found by device and inode. Each is
 * dumped once.
 */
public final class SharedMemoryTable {
  private final Map<String, Entry> byInode = new LinkedHashMap<>();

  /**
   * One object and a magic link of /proc through which its content can be read.
   *
   * @param memory what the image says of it
   */
  public record Entry(SharedMemory memory, Path magicLink) {}

  /** How the record of a new object is made, once its id is known. */
  public interface Describer {
    /** The record with this id. */
    SharedMemory describe(int id) throws java.io.IOException;
  }

  /** The id of the object with this device and inode; described and added if it is new. */
  public int idOf(String device, long inode, Path magicLink, Describer describer)
      throws java.io.IOException {
    String key = device + ":" + inode;
    Entry entry = byInode.get(key);
    if (entry == null) {
      entry = new Entry(describer.describe(byInode.size() + 1), magicLink);
      byInode.put(key, entry);
    }
    return entry.memory().id();
  }

  /** All objects, in the order in which they were found. */
  public List<Entry> entries() {
    return new ArrayList<>(byInode.values());
  }
}
