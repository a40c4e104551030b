package dev.thaw.dump.fd;

import dev.thaw.image.OpenFile;
import java.io.IOException;

/** Dumps one kind of open file: the first half of an entry of {@link dev.thaw.image.FileKind}. */
public interface FileDump {
  /** Whether {@code file} is of this kind. Kinds are asked in the registry's order. */
  boolean claims(OpenedFile file) throws IOException;

  /**
   * Describes it without changing it. The whole tree is stopped.
   *
   * @param id for the record
   * @param tree all descriptions of the tree
   * @throws dev.thaw.dump.UnsupportedResourceException if this one cannot be rebuilt
   */
  OpenFile dump(int id, OpenedFile file, OpenedFiles tree) throws IOException;
}
